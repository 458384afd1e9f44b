using System.Diagnostics;
using System.Globalization;

namespace Smtp.Interop;

/// <summary>A private proxy on a port of 127.0.0.1 that wants user/secret.</summary>
public sealed class ProxyInstance : IAsyncDisposable
{
    private readonly ListeningProgram _program;
    private readonly TemporaryFolder? _folder;

    private ProxyInstance(ListeningProgram program, TemporaryFolder? folder)
    {
        _program = program;
        _folder = folder;
    }

    /// <summary>The port on 127.0.0.1.</summary>
    public int Port => _program.Port;

    /// <summary>Starts microsocks, which speaks SOCKS5.</summary>
    /// <param name="skip">Skips the test with a reason.</param>
    public static async Task<ProxyInstance> StartMicrosocksAsync(Action<string> skip)
    {
        string microsocks = ExternalProgram.Demand("microsocks", "microsocks", skip);
        return new ProxyInstance(
            await ListeningProgram.StartAsync(port => new ProcessStartInfo(
                microsocks, ["-i", "127.0.0.1", "-p", port.ToString(CultureInfo.InvariantCulture), "-u", "user", "-P", "secret"])).ConfigureAwait(false),
            null);
    }

    /// <summary>Starts tinyproxy, which speaks HTTP CONNECT.</summary>
    /// <param name="targetPort">The only port that it connects to.</param>
    /// <param name="skip">Skips the test with a reason.</param>
    public static async Task<ProxyInstance> StartTinyproxyAsync(int targetPort, Action<string> skip)
    {
        string tinyproxy = ExternalProgram.Demand("tinyproxy", "tinyproxy-bin", skip);
        var folder = new TemporaryFolder();
        ListeningProgram program = await ListeningProgram.StartAsync(port =>
        {
            File.WriteAllText(folder["conf"], string.Create(CultureInfo.InvariantCulture, $"""
                Listen 127.0.0.1
                Port {port}
                Timeout 60
                MaxClients 50
                Allow 127.0.0.1
                BasicAuth user secret
                ConnectPort {targetPort}

                """));
            return new ProcessStartInfo(tinyproxy, ["-d", "-c", folder["conf"]]);
        }).ConfigureAwait(false);
        return new ProxyInstance(program, folder);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _program.DisposeAsync().ConfigureAwait(false);
        _folder?.Dispose();
    }
}
