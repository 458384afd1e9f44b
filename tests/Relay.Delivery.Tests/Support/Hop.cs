using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Relay.Delivery.Tests;

/// <summary>
/// A host that answers each line as the test says, over any number of connections: to a verb its reply, nothing for null, the connection's end for
/// <see cref="Hang"/> and <see cref="Drop"/>.
/// </summary>
internal sealed class Hop : IAsyncDisposable
{
    /// <summary>Ends the connection.</summary>
    internal const string Drop = "drop";

    /// <summary>Says nothing more, and keeps the connection.</summary>
    internal const string Hang = "hang";

    /// <summary>Sends reply lines without end.</summary>
    internal const string Endless = "endless";

    /// <summary>Says 250 and then ends the connection.</summary>
    internal const string TakeAndDrop = "take and drop";

    /// <summary>Takes the message and ends the connection without a word.</summary>
    internal const string TakeSilently = "take silently";

    private readonly TcpListener _listener;
    private readonly Func<HopSession, string, string?> _answer;
    private readonly ConcurrentDictionary<Socket, Task> _sessions = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _accepting;
    private int _connections;
    private int _open;
    private int _mostOpen;

    internal Hop(Func<HopSession, string, string?>? answer = null, IPEndPoint? at = null)
    {
        _answer = answer ?? ((_, line) => Usual(line));
        _listener = new TcpListener(at ?? new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Start(512);
        _accepting = AcceptAsync();
    }

    /// <summary>A connection has ended.</summary>
    internal event Action<HopSession>? Closed;

    internal int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>The messages that were taken, in the order in which they came.</summary>
    internal ConcurrentQueue<HopMessage> Taken { get; } = new();

    /// <summary>All lines but those of bodies.</summary>
    internal ConcurrentQueue<string> Lines { get; } = new();

    internal int Connections => Volatile.Read(ref _connections);

    internal int MostOpen => Volatile.Read(ref _mostOpen);

    /// <summary>What a host says that takes everything.</summary>
    internal static string Usual(string line) => line switch
    {
        "greeting" => "220 hop.example.net ESMTP",
        "DATA" => "354 Go on",
        "QUIT" => "221 2.0.0 Bye",
        _ when line.StartsWith("EHLO", StringComparison.Ordinal) => "250-hop.example.net\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 ENHANCEDSTATUSCODES",
        _ => "250 2.0.0 OK",
    };

    /// <summary>A host that takes everything, with exceptions by a part of the line: "nobody@=550 5.1.1 No".</summary>
    internal static Func<HopSession, string, string?> Except(params string[] exceptions) => (_, line) =>
    {
        foreach (string exception in exceptions)
        {
            int equals = exception.IndexOf('=', StringComparison.Ordinal);
            if (line.Contains(exception[..equals], StringComparison.Ordinal))
            {
                return exception[(equals + 1)..];
            }
        }

        return Usual(line);
    };

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _listener.Stop();
        foreach (Socket socket in _sessions.Keys)
        {
            socket.Dispose();
        }

        await _accepting;
        await Task.WhenAll(_sessions.Values);
        _stopping.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                Socket socket = await _listener.AcceptSocketAsync(_stopping.Token);
                Interlocked.Increment(ref _connections);
                _sessions[socket] = Task.Run(() => ServeAsync(socket));
            }
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        Interlocked.Increment(ref _open);
        var session = new HopSession { Remote = (socket.RemoteEndPoint as IPEndPoint)?.Address };
        try
        {
            await using var stream = new NetworkStream(socket, ownsSocket: true);
            await using var buffered = new BufferedStream(stream);
            using var reader = new StreamReader(buffered, Encoding.Latin1, false, 4096);
            await SessionAsync(session, reader, stream);
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException or OperationCanceledException)
        {
            // The other side has gone, or the test is over.
        }
        finally
        {
            Leave(session);
            Closed?.Invoke(session);
            _sessions.TryRemove(socket, out _);
        }
    }

    private void CountOpen()
    {
        int open = Volatile.Read(ref _open);
        int most;
        while (open > (most = _mostOpen) && Interlocked.CompareExchange(ref _mostOpen, open, most) != most)
        {
        }
    }

    private void Leave(HopSession session)
    {
        if (!session.HasLeft)
        {
            session.HasLeft = true;
            Interlocked.Decrement(ref _open);
        }
    }

    private async Task SessionAsync(HopSession session, StreamReader input, NetworkStream output)
    {
        if (!await SayAsync(session, output, "greeting"))
        {
            return;
        }

        while (await input.ReadLineAsync(_stopping.Token) is { } line)
        {
            Lines.Enqueue(line);

            // Who says QUIT has gone, and may come with another connection before this one has seen the end of it. So who is there is counted a round trip later.
            if (line == "QUIT")
            {
                Leave(session);
            }
            else if (line.StartsWith("EHLO", StringComparison.Ordinal))
            {
                CountOpen();
            }

            if (line == "DATA" && session.Recipients.Count == 0)
            {
                await output.WriteAsync("554 5.5.1 No valid recipients\r\n"u8.ToArray(), _stopping.Token);
                continue;
            }

            string? reply = _answer(session, line);
            if (reply?.StartsWith('2') == true)
            {
                session.OnAccepted(line);
            }

            if (!await SayAsync(reply, output) || line == "QUIT")
            {
                return;
            }

            if (line == "DATA" && reply!.StartsWith("354", StringComparison.Ordinal))
            {
                var body = new StringBuilder();
                while (await input.ReadLineAsync(_stopping.Token) is { } text && text != ".")
                {
                    body.Append(text.StartsWith('.') ? text[1..] : text).Append("\r\n");
                }

                session.Messages++;
                session.Body = body.ToString();
                string? end = _answer(session, "end");
                if (end is null || end.StartsWith('2') || end is TakeAndDrop or TakeSilently)
                {
                    Taken.Enqueue(new HopMessage(session.Sender, [.. session.Recipients], session.Body) { Session = session });
                }

                session.Recipients.Clear();
                if (!await SayAsync(end, output))
                {
                    return;
                }
            }
        }
    }

    private Task<bool> SayAsync(HopSession session, NetworkStream output, string line) => SayAsync(_answer(session, line), output);

    private async Task<bool> SayAsync(string? reply, NetworkStream output)
    {
        switch (reply)
        {
            case Drop or TakeSilently:
                return false;
            case Hang:
                await Task.Delay(Timeout.Infinite, _stopping.Token);
                return false;
            case Endless:
                while (true)
                {
                    await output.WriteAsync("250-and so on and so on and so on\r\n"u8.ToArray(), _stopping.Token);
                }

            case TakeAndDrop:
                await output.WriteAsync("250 2.0.0 OK\r\n"u8.ToArray(), _stopping.Token);
                return false;
            case null:
                return true;
            default:
                await output.WriteAsync(Encoding.Latin1.GetBytes(reply + "\r\n"), _stopping.Token);
                return true;
        }
    }
}
