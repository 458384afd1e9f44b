using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Smtp.Interop;

/// <summary>A private nsd: an authoritative name server on a port of 127.0.0.1. What is in none of its zones it refuses, and a zone without content is SERVFAIL.</summary>
public sealed class NameServer : IAsyncDisposable
{
    private readonly Process _process;
    private readonly TemporaryFolder _folder;

    private NameServer(Process process, TemporaryFolder folder, IPEndPoint endPoint)
    {
        _process = process;
        _folder = folder;
        EndPoint = endPoint;
    }

    /// <summary>Where it answers.</summary>
    public IPEndPoint EndPoint { get; }

    /// <summary>Starts a server.</summary>
    /// <param name="zones">Zones and their records in the form of zone files, without SOA and NS; null for a zone that cannot be loaded.</param>
    /// <param name="skip">Skips the test with a reason.</param>
    public static async Task<NameServer> StartAsync(IReadOnlyDictionary<string, string?> zones, Action<string> skip)
    {
        ArgumentNullException.ThrowIfNull(zones);
        string nsd = ExternalProgram.Demand("nsd", "nsd", skip);
        var folder = new TemporaryFolder();
        int port = ProgramPort.Find();
        var config = new StringWriter();
        await config.WriteLineAsync($"""
            server:
              ip-address: 127.0.0.1@{port}
              username: ""
              chroot: ""
              zonesdir: "{folder.Path}"
              pidfile: "{folder["nsd.pid"]}"
              xfrdfile: "{folder["xfrd"]}"
              zonelistfile: "{folder["zonelist"]}"
              logfile: "{folder["log"]}"
              xfrdir: "{folder.Path}"
              database: ""
            remote-control:
              control-enable: no
            """).ConfigureAwait(false);
        foreach ((string zone, string? records) in zones)
        {
            if (records is not null)
            {
                await File.WriteAllTextAsync(
                    folder[zone + ".zone"], $"$ORIGIN {zone}.\n$TTL 300\n@ IN SOA ns.{zone}. root.{zone}. 1 3600 600 86400 60\n@ IN NS ns.{zone}.\n{records}\n").ConfigureAwait(false);
            }

            await config.WriteLineAsync($"zone:\n  name: \"{zone}\"\n  zonefile: \"{zone}.zone\"").ConfigureAwait(false);
        }

        await File.WriteAllTextAsync(folder["nsd.conf"], config.ToString()).ConfigureAwait(false);
        Process process = Process.Start(new ProcessStartInfo(nsd, ["-d", "-c", folder["nsd.conf"]]))!;
        var server = new NameServer(process, folder, new IPEndPoint(IPAddress.Loopback, port));
        await server.WaitAsync().ConfigureAwait(false);
        return server;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync().ConfigureAwait(false);
        _process.Dispose();
        _folder.Dispose();
    }

    /// <summary>It listens for connections when it answers; it tells nobody otherwise.</summary>
    private async Task WaitAsync()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        while (true)
        {
            try
            {
                using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                await socket.ConnectAsync(EndPoint, patience.Token).ConfigureAwait(false);
                return;
            }
            catch (SocketException) when (!_process.HasExited)
            {
                await Task.Delay(20, patience.Token).ConfigureAwait(false);
            }
        }
    }
}
