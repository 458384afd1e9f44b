using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Time.Testing;

namespace Smtp.Client.Tests;

/// <summary>Happy eyeballs (RFC 8305).</summary>
public sealed class TcpConnectorTests
{
    private static readonly IPAddress A4 = IPAddress.Parse("192.0.2.1");
    private static readonly IPAddress B4 = IPAddress.Parse("192.0.2.2");
    private static readonly IPAddress A6 = IPAddress.Parse("2001:db8::1");
    private static readonly IPAddress B6 = IPAddress.Parse("2001:db8::2");

    private readonly FakeTimeProvider _time = new();
    private readonly Dictionary<IPAddress, TaskCompletionSource<Probe>> _attempts = [];
    private readonly List<IPAddress> _begun = [];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void Families_take_turns_and_the_systems_first_stays_first()
    {
        Assert.Equal([A6, A4, B6, B4], TcpConnector.Order([A6, B6, A4, B4]));
        Assert.Equal([A4, A6, B4], TcpConnector.Order([A4, B4, A6, A4]));
        Assert.Empty(TcpConnector.Order([]));
        Assert.Equal(16, TcpConnector.Order(Enumerable.Range(1, 200).Select(i => new IPAddress([10, 0, 0, (byte)i]))).Count);
    }

    [Fact]
    public async Task A_further_attempt_begins_after_a_quarter_of_a_second_and_the_first_to_answer_wins()
    {
        Task<Probe> race = Race(A6, A4, B6);
        Assert.Equal([A6], _begun);
        _time.Advance(TimeSpan.FromMilliseconds(249));
        Assert.Equal([A6], _begun);
        await AdvanceUntilAsync(2);
        Assert.Equal([A6, A4], _begun);
        using var won = new Probe();
        _attempts[A4].SetResult(won);
        Assert.Same(won, await race);
        Assert.False(won.IsDisposed);

        // One that comes late is closed.
        var late = new Probe();
        _attempts[A6].TrySetResult(late);
        await WaitAsync(() => late.IsDisposed);
    }

    [Fact]
    public async Task What_fails_is_not_waited_for()
    {
        Task<Probe> race = Race(A6, A4);
        _attempts[A6].SetException(new SocketException((int)SocketError.HostUnreachable));
        await WaitAsync(() => _begun.Count == 2);
        using var won = new Probe();
        _attempts[A4].SetResult(won);
        Assert.Same(won, await race);
    }

    [Fact]
    public async Task When_all_fail_all_is_told()
    {
        Task<Probe> race = Race(A6, A4);
        _attempts[A6].SetException(new SocketException((int)SocketError.HostUnreachable));
        await WaitAsync(() => _begun.Count == 2);
        _attempts[A4].SetException(new SocketException((int)SocketError.ConnectionRefused));
        IOException error = await Assert.ThrowsAsync<IOException>(() => race);
        Assert.Equal(2, Assert.IsType<AggregateException>(error.InnerException).InnerExceptions.Count);
    }

    [Fact]
    public async Task A_host_in_the_list_that_is_not_there_is_passed_over()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        int port = ((IPEndPoint)listener.LocalEndpoint).Port;
        Task<SmtpConnection> connecting = SmtpConnection.ConnectAsync(
            new SmtpConnectionOptions
            {
                Host = "127.0.0.2",
                FallbackHosts = ["127.0.0.3", "127.0.0.1"],
                Port = port,
                Tls = SmtpTlsMode.None,
                LocalName = "client.test",
                LocalEndPoint = new IPEndPoint(IPAddress.Parse("127.0.0.9"), 0),
            },
            Token).AsTask();
        using Socket socket = await listener.AcceptSocketAsync(Token);
        Assert.Equal("127.0.0.9", ((IPEndPoint)socket.RemoteEndPoint!).Address.ToString());
        await new ScriptedPeer(new NetworkStream(socket)).RunAsync("S: 220 mx\nC: EHLO client.test\nS: 250 mx");
        await using SmtpConnection connection = await connecting;
        Assert.Equal("127.0.0.1", connection.Host);
        connection.Abort();
    }

    [Theory]
    [InlineData("S: 421 4.3.2 not now", true)]
    [InlineData("S: 220 mx\nC: EHLO client.test\nS: 450 later", true)]
    [InlineData("S: 554 go away", false)]
    public async Task A_host_that_says_not_now_is_passed_over_and_one_that_says_never_is_believed(string script, bool passedOver)
    {
        (DuplexStream firstNear, DuplexStream firstFar) = DuplexStream.CreatePair();
        (DuplexStream secondNear, DuplexStream secondFar) = DuplexStream.CreatePair();
        Task first = new ScriptedPeer(firstFar).RunAsync(script);
        var options = new SmtpConnectionOptions
        {
            Host = "first.test",
            FallbackHosts = ["second.test"],
            Tls = SmtpTlsMode.None,
            LocalName = "client.test",
            ConnectCallback = (context, _) => new ValueTask<Stream>(context.Host == "first.test" ? firstNear : secondNear),
        };
        Task<SmtpConnection> connecting = SmtpConnection.ConnectAsync(options, Token).AsTask();
        await first;
        if (passedOver)
        {
            await new ScriptedPeer(secondFar).RunAsync("S: 220 mx\nC: EHLO client.test\nS: 250 mx");
            await using SmtpConnection connection = await connecting;
            Assert.Equal("second.test", connection.Host);
            connection.Abort();
        }
        else
        {
            await Assert.ThrowsAsync<SmtpReplyException>(() => connecting);
        }
    }

    private Task<Probe> Race(params IPAddress[] addresses)
    {
        foreach (IPAddress address in addresses)
        {
            _attempts[address] = new TaskCompletionSource<Probe>();
        }

        return TcpConnector.RaceAsync(
            addresses,
            (address, _) =>
            {
                _begun.Add(address);
                return _attempts[address].Task;
            },
            _time,
            Token);
    }

    private async Task AdvanceUntilAsync(int count)
    {
        _time.Advance(TimeSpan.FromMilliseconds(1));
        await WaitAsync(() => _begun.Count == count);
    }

    private static async Task WaitAsync(Func<bool> condition)
    {
        while (!condition())
        {
            await Task.Delay(1, Token);
        }
    }

    private sealed class Probe : IDisposable
    {
        internal bool IsDisposed { get; private set; }

        public void Dispose() => IsDisposed = true;
    }
}
