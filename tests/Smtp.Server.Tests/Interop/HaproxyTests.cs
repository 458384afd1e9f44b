using System.Net;
using System.Net.Sockets;
using Smtp.Core;
using Smtp.Interop;

namespace Smtp.Server.Tests;

/// <summary>HAProxy in front of the server: who the client is, its header says.</summary>
[Trait("Category", "Interop")]
public sealed class HaproxyTests
{
    [Theory]
    [InlineData(1, TlsMode.StartTls)]
    [InlineData(2, TlsMode.StartTls)]
    [InlineData(1, TlsMode.Implicit)]
    [InlineData(2, TlsMode.Implicit)]
    public async Task The_client_is_who_it_says(int version, TlsMode tls)
    {
        var events = new AddressEvents();
        await using var server = InteropServer.Start(policy: events, listeners: Listener(tls));
        await using HaproxyInstance haproxy = await HaproxyInstance.StartAsync(version, server.Port, check: false, Assert.Skip);

        // HAProxy is at 127.0.0.1; the client is somebody else.
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Parse("127.0.0.77"), 0));
        await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, haproxy.Port), TestContext.Current.CancellationToken).AsTask().Guarded();
        var stream = new NetworkStream(socket);
        await using var client = new TestClient(stream, stream);
        if (tls == TlsMode.Implicit)
        {
            await client.ShakeHandsAsync();
        }

        await client.GreetAsync();
        if (tls == TlsMode.StartTls)
        {
            await client.StartTlsAsync();
            await client.SayAsync("EHLO client.example.com", "250-");
        }

        Assert.StartsWith("250 2.0.0", await client.SendMessageAsync(), StringComparison.Ordinal);
        RecordedMessage message = Assert.Single(server.Sink.Messages);
        Assert.True(message.IsTls);
        Assert.Equal(socket.LocalEndPoint, message.RemoteEndPoint);
        Assert.Contains((socket.LocalEndPoint, new IPEndPoint(IPAddress.Loopback, haproxy.Port)), events.Seen);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Its_health_checks_are_its_own(int version)
    {
        var events = new AddressEvents();
        await using var server = InteropServer.Start(policy: events, listeners: Listener(TlsMode.None));
        await using HaproxyInstance haproxy = await HaproxyInstance.StartAsync(version, server.Port, check: true, Assert.Skip);
        await events.Checked.Task.Guarded();
        Assert.DoesNotContain(server.Logs.Entries, e => e.Level >= Microsoft.Extensions.Logging.LogLevel.Warning);

        // HAProxy sends nobody to a server that failed its check.
        await using TestClient client = await TestClient.ConnectAsync(new IPEndPoint(IPAddress.Loopback, haproxy.Port));
        await client.GreetAsync();
        Assert.StartsWith("250 2.0.0", await client.SendMessageAsync(), StringComparison.Ordinal);
    }

    private static SmtpListenerOptions Listener(TlsMode tls) => new()
    {
        EndPoint = new IPEndPoint(IPAddress.Loopback, 0),
        Tls = tls,
        ProxiesTrusted = [IPNetwork.Parse("127.0.0.1/32")],
    };

    /// <summary>Sees the addresses of clients before they are greeted.</summary>
    private sealed class AddressEvents : IEnvelopePolicy
    {
        internal List<(EndPoint? Remote, EndPoint? Local)> Seen { get; } = [];

        internal TaskCompletionSource Checked { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public ValueTask<SmtpReply> CheckClientAsync(SmtpSessionContext session, CancellationToken cancellationToken)
        {
            lock (Seen)
            {
                Seen.Add((session.RemoteEndPoint, session.LocalEndPoint));
            }

            return default;
        }

        public ValueTask<SmtpReply> CheckHelloAsync(SmtpSessionContext session, CancellationToken cancellationToken)
        {
            if (session.HelloName == "haproxy.example.com")
            {
                Assert.Equal(session.PeerEndPoint, session.RemoteEndPoint);
                Checked.TrySetResult();
            }

            return default;
        }
    }
}
