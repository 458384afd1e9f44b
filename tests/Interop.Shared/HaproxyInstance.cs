using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Smtp.Interop;

/// <summary>A private HAProxy in front of a server on this machine, which tells the server by the PROXY protocol who its clients are.</summary>
public sealed class HaproxyInstance : IAsyncDisposable
{
    private readonly Process _process;
    private readonly TemporaryFolder _folder;

    private HaproxyInstance(Process process, TemporaryFolder folder, int port)
    {
        _process = process;
        _folder = folder;
        Port = port;
    }

    /// <summary>The port on 127.0.0.1.</summary>
    public int Port { get; }

    /// <summary>Starts an instance and waits until it listens.</summary>
    /// <param name="version">The PROXY protocol's version, 1 or 2.</param>
    /// <param name="serverPort">The server's port on 127.0.0.1.</param>
    /// <param name="check">Whether HAProxy looks after the server's health, with a header of the kind LOCAL and EHLO.</param>
    /// <param name="skip">Skips the test with a reason.</param>
    public static async Task<HaproxyInstance> StartAsync(int version, int serverPort, bool check, Action<string> skip)
    {
        string haproxy = ExternalProgram.Demand("haproxy", "haproxy", skip);
        var folder = new TemporaryFolder();
        int port = ProgramPort.Find();
        await File.WriteAllTextAsync(folder["haproxy.cfg"], string.Create(CultureInfo.InvariantCulture, $"""
            defaults
              mode tcp
              timeout connect 60s
              timeout check 60s
              timeout client 60s
              timeout server 60s
            listen smtp
              bind 127.0.0.1:{port}
              {(check ? "option smtpchk EHLO haproxy.example.com" : string.Empty)}
              server one 127.0.0.1:{serverPort} send-proxy{(version == 2 ? "-v2" : string.Empty)} {(check ? "check check-send-proxy inter 200ms" : string.Empty)}

            """)).ConfigureAwait(false);
        Process process = Process.Start(new ProcessStartInfo(haproxy, ["-db", "-f", folder["haproxy.cfg"]]) { RedirectStandardError = true, RedirectStandardOutput = true })!;
        process.ErrorDataReceived += (_, _) => { };
        process.BeginErrorReadLine();
        var instance = new HaproxyInstance(process, folder, port);
        while (!await ListensAsync(port).ConfigureAwait(false))
        {
            if (process.HasExited)
            {
                throw new InvalidOperationException($"haproxy ended with {process.ExitCode}.");
            }

            await Task.Delay(20).ConfigureAwait(false);
        }

        return instance;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        await _process.WaitForExitAsync().ConfigureAwait(false);
        _process.Dispose();
        _folder.Dispose();
    }

    private static async Task<bool> ListensAsync(int port)
    {
        try
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(IPAddress.Loopback, port).ConfigureAwait(false);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
