using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace Smtp.Interop;

/// <summary>nodemailer's smtp-server as a server that stores what it gets. Knows user/secret and the token "good".</summary>
public sealed class NodeSmtpServer : IAsyncDisposable
{
    private readonly Process _process;
    private readonly TemporaryFolder _folder;

    private NodeSmtpServer(Process process, TemporaryFolder folder, int port)
    {
        _process = process;
        _folder = folder;
        Port = port;
    }

    /// <summary>The port on 127.0.0.1.</summary>
    public int Port { get; }

    /// <summary>Starts a server.</summary>
    /// <param name="scripts">The folder of receive.js, into which smtp-server is installed.</param>
    /// <param name="withTls">Whether it offers STARTTLS, with a self-signed certificate for node.test; it then wants TLS for AUTH.</param>
    /// <param name="skip">Skips the test with a reason.</param>
    public static async Task<NodeSmtpServer> StartAsync(string scripts, bool withTls, Action<string> skip)
    {
        string node = ExternalProgram.Demand("node", "nodejs", skip);
        ExternalProgram.DemandThat(
            Directory.Exists(Path.Combine(scripts, "node_modules", "smtp-server")), $"smtp-server is not installed: npm ci in {scripts}", skip);
        var folder = new TemporaryFolder();
        string certificate = "-";
        if (withTls)
        {
            certificate = folder["cert.pem"];
            using var made = TestCertificate.Create("node.test");
            TestCertificate.WritePem(made, certificate, folder["key.pem"]);
        }

        Process process = Process.Start(
            new ProcessStartInfo(node, [Path.Combine(scripts, "receive.js"), folder.Path, certificate, folder["key.pem"]])
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
            })!;
        string? port = await process.StandardOutput.ReadLineAsync().ConfigureAwait(false);
        return port is null
            ? throw new InvalidOperationException("smtp-server did not start; see its error output.")
            : new NodeSmtpServer(process, folder, int.Parse(port, CultureInfo.InvariantCulture));
    }

    /// <summary>The content of a message as it came.</summary>
    /// <param name="number">1 for the first.</param>
    public byte[] Content(int number) => File.ReadAllBytes(_folder[$"{number}.eml"]);

    /// <summary>What was noted of a message: from, to, tls, user.</summary>
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
