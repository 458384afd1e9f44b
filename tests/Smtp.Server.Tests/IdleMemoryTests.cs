using System.Net;
using System.Net.Sockets;

namespace Smtp.Server.Tests;

/// <summary>What a connection holds that said EHLO and then idles: a server has ten thousands of them.</summary>
[Collection(nameof(AllocationTests))]
public sealed class IdleMemoryTests
{
    private const int Connections = 400;

    // Of it 900 octets are .NET's socket with a pending read. The next thing that someone wants to keep for each connection should be thought about.
    private const int MostOctets = 2400;

    // Less than a socket costs would mean that nothing was measured.
    private const int FewestOctets = 500;

    private static readonly byte[] Hello = "EHLO idle.example.com\r\n"u8.ToArray();

    [Fact]
    public void An_idle_connection_holds_little()
    {
        using var server = new Idle();

        // The first ones fill pools and tables.
        Socket[] first = server.Open(Connections);
        // Other tests' remains may go or come while one round is measured, so there are several.
        long each = 0;
        for (int round = 0; round < 8 && (each is < FewestOctets or > MostOctets); round++)
        {
            long before = GC.GetTotalMemory(forceFullCollection: true);
            Socket[] clients = server.Open(Connections);
            long held = GC.GetTotalMemory(forceFullCollection: true) - before;
            long own = Own();
            each = (held - own) / Connections;
            GC.KeepAlive(clients);
            Array.ForEach(clients, client => client.Dispose());
            server.UntilThereAre(Connections);
        }

        Array.ForEach(first, client => client.Dispose());
        Assert.InRange(each, FewestOctets, MostOctets);
    }

    /// <summary>What as many client sockets hold, connected to somebody else.</summary>
    private static long Own()
    {
        using var listening = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listening.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listening.Listen(Connections);
        long before = GC.GetTotalMemory(forceFullCollection: true);
        var clients = new Socket[Connections];
        for (int i = 0; i < clients.Length; i++)
        {
            clients[i] = Connect(listening.LocalEndPoint!);
        }

        long held = GC.GetTotalMemory(forceFullCollection: true) - before;
        Array.ForEach(clients, client => client.Dispose());
        return held;
    }

    private static Socket Connect(EndPoint endPoint)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        socket.Connect(endPoint);
        return socket;
    }

    private sealed class Idle : IDisposable
    {
        private readonly SmtpServer _server = new(new SmtpServerOptions
        {
            Listeners = [new SmtpListenerOptions { EndPoint = new IPEndPoint(IPAddress.Loopback, 0) }],
            MessageSink = new RecordingSink(),
            MaximumConnections = 10 * Connections,
            MaximumConnectionsPerAddress = 10 * Connections,
        });

        private readonly byte[] _buffer = new byte[4096];

        internal Idle() => _server.Start();

        public void Dispose() => _server.StopAsync(TestContext.Current.CancellationToken).GetAwaiter().GetResult();

        internal Socket[] Open(int count)
        {
            var clients = new Socket[count];
            for (int i = 0; i < count; i++)
            {
                clients[i] = Connect(_server.EndPoints[0]);
                Assert.True(clients[i].Receive(_buffer) > 0);
                clients[i].Send(Hello);
                Assert.True(clients[i].Receive(_buffer) > 0);
            }

            return clients;
        }

        internal void UntilThereAre(int count) => Assert.True(SpinWait.SpinUntil(() => _server.ConnectionCount == count, TimeSpan.FromSeconds(30)));
    }
}
