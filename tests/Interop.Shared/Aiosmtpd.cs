using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace Smtp.Interop;

/// <summary>Python's aiosmtpd as a server that stores what it gets.</summary>
public sealed class Aiosmtpd : IAsyncDisposable
{
    private readonly Process _process;
    private readonly TemporaryFolder _folder;

    private Aiosmtpd(Process process, TemporaryFolder folder, int port)
    {
        _process = process;
        _folder = folder;
        Port = port;
    }

    /// <summary>The port on 127.0.0.1.</summary>
    public int Port { get; }

    /// <summary>Starts a server.</summary>
    /// <param name="withTls">Whether it offers STARTTLS, with a self-signed certificate for aiosmtpd.test; it then wants TLS for AUTH.</param>
    /// <param name="skip">Skips the test with a reason.</param>
    public static async Task<Aiosmtpd> StartAsync(bool withTls, Action<string> skip)
    {
        string python = ExternalProgram.Demand("python3", "python3", skip);

        // The distribution's Python has the distribution's packages; another one first in the path has not.
        python = File.Exists("/usr/bin/python3") ? "/usr/bin/python3" : python;
        ExternalProgram.Demand("aiosmtpd", "python3-aiosmtpd", skip);
        var folder = new TemporaryFolder();
        string certificate = "-";
        if (withTls)
        {
            certificate = folder["cert.pem"];
            using var made = TestCertificate.Create("aiosmtpd.test");
            TestCertificate.WritePem(made, certificate, folder["key.pem"]);
        }

        using Stream resource = typeof(Aiosmtpd).Assembly.GetManifestResourceStream("aiosmtpd_store.py")!;
        using (FileStream script = File.Create(folder["store.py"]))
        {
            await resource.CopyToAsync(script).ConfigureAwait(false);
        }

        Process process = Process.Start(new ProcessStartInfo(python, [folder["store.py"], folder.Path, certificate, folder["key.pem"]])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        string? port = await process.StandardOutput.ReadLineAsync().ConfigureAwait(false);
        return port is null
            ? throw new InvalidOperationException("aiosmtpd did not start; see its error output.")
            : new Aiosmtpd(process, folder, int.Parse(port, CultureInfo.InvariantCulture));
    }

    /// <summary>The content of a message as it came.</summary>
    /// <param name="number">1 for the first.</param>
    public byte[] Content(int number) => File.ReadAllBytes(_folder[$"{number}.eml"]);

    /// <summary>What was noted of a message: from, to, options, tls, user.</summary>
    /// <param name="number">1 for the first.</param>
    public JsonElement Facts(int number)
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(_folder[$"{number}.json"]));
        return document.RootElement.Clone();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();
        using (var patience = new CancellationTokenSource(TimeSpan.FromSeconds(10)))
        {
            try
            {
                await _process.WaitForExitAsync(patience.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                _process.Kill();
            }
        }

        _process.Dispose();
        _folder.Dispose();
    }
}
