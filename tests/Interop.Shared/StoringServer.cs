using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace Smtp.Interop;

/// <summary>
/// A program that is a server and stores what it gets in a folder: N.eml, the content, and N.json, what it noted of it. It writes its port as the first line
/// and ends when its input does.
/// </summary>
public abstract class StoringServer : IAsyncDisposable
{
    private readonly Process _process;
    private readonly TemporaryFolder _folder;

    private protected StoringServer(Running running)
    {
        _process = running.Process;
        _folder = running.Folder;
        Port = running.Port;
    }

    /// <summary>The port on 127.0.0.1.</summary>
    public int Port { get; }

    /// <summary>The content of a message as it came.</summary>
    /// <param name="number">1 for the first.</param>
    public byte[] Content(int number) => File.ReadAllBytes(_folder[$"{number}.eml"]);

    /// <summary>What was noted of a message: from, to, tls, user, and what else the program tells.</summary>
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
        using (var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30)))
        {
            try
            {
                await _process.WaitForExitAsync(patience.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                _process.Kill();
                await _process.WaitForExitAsync().ConfigureAwait(false);
            }
        }

        _process.Dispose();
        _folder.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Starts a script with the arguments that all of them take: the folder, and the PEM files of certificate and key, or "-".</summary>
    /// <param name="interpreter">What runs the script.</param>
    /// <param name="script">The script.</param>
    /// <param name="folder">Where it stores.</param>
    /// <param name="tlsName">Whose self-signed certificate it offers STARTTLS with; null for no TLS.</param>
    private protected static async Task<Running> StartAsync(string interpreter, string script, TemporaryFolder folder, string? tlsName)
    {
        string certificate = "-";
        if (tlsName is not null)
        {
            certificate = folder["cert.pem"];
            using var made = TestCertificate.Create(tlsName);
            TestCertificate.WritePem(made, certificate, folder["key.pem"]);
        }

        Process process = Process.Start(new ProcessStartInfo(interpreter, [script, folder.Path, certificate, folder["key.pem"]])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        string? port = await process.StandardOutput.ReadLineAsync().ConfigureAwait(false);
        return port is null
            ? throw new InvalidOperationException($"{script} did not start; see its error output.")
            : new Running(process, folder, int.Parse(port, CultureInfo.InvariantCulture));
    }

    /// <summary>What was started.</summary>
    /// <param name="Process">The program.</param>
    /// <param name="Folder">Where it stores.</param>
    /// <param name="Port">Where it listens.</param>
    private protected sealed record Running(Process Process, TemporaryFolder Folder, int Port);
}
