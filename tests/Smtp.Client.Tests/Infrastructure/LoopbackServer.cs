using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Smtp.Client.Tests;

/// <summary>
/// A server on a loopback port that does at each step what it is told, and remembers the messages it took: by the local part of the
/// reverse-path. A transaction whose BDAT it has refused stays open until RSET, as RFC 3030 §2 lets it: what comes without one would go to that one's recipients.
/// </summary>
internal sealed class LoopbackServer : IAsyncDisposable
{
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _accepting;
    private readonly ConcurrentDictionary<Task, bool> _connections = new();
    private readonly Func<ServerStep, string, ServerAct> _decide;
    private readonly string[] _extensions;
    private int _accepted;
    private int _open;
    private int _quits;

    /// <param name="decide">What to do at a step of a message, which is empty before MAIL; by default always what a good server does.</param>
    /// <param name="extensions">What EHLO offers beside PIPELINING.</param>
    internal LoopbackServer(Func<ServerStep, string, ServerAct>? decide = null, params string[] extensions)
    {
        _decide = decide ?? ((_, _) => ServerAct.GoOn);
        _extensions = extensions;
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen(100);
        Port = ((IPEndPoint)_listener.LocalEndPoint!).Port;
        _accepting = AcceptAsync();
    }

    internal int Port { get; }

    /// <summary>How many connections there were.</summary>
    internal int Accepted => Volatile.Read(ref _accepted);

    /// <summary>How many connections there are.</summary>
    internal int Open => Volatile.Read(ref _open);

    /// <summary>How many ended with QUIT.</summary>
    internal int Quits => Volatile.Read(ref _quits);

    /// <summary>How often each message was taken.</summary>
    internal ConcurrentDictionary<string, int> Taken { get; } = new();

    /// <summary>The commands in the order in which they came, over all connections.</summary>
    internal ConcurrentQueue<string> Commands { get; } = new();

    internal SmtpClientOptions Options(
        int maxConnections = 5,
        int minConnections = 0,
        int maxMessages = 100,
        TimeProvider? timeProvider = null,
        SmtpClientTimeouts? timeouts = null,
        TimeSpan? acquireTimeout = null,
        int maximumWaiters = int.MaxValue,
        TimeSpan? shutdownGrace = null) => new()
        {
            Host = "127.0.0.1",
            Port = Port,
            LocalName = "client.test",
            Tls = SmtpTlsMode.None,
            MaximumConnections = maxConnections,
            MinimumConnections = minConnections,
            MaximumMessagesPerConnection = maxMessages,
            TimeProvider = timeProvider ?? TimeProvider.System,
            Timeouts = timeouts ?? new SmtpClientTimeouts(),
            AcquireTimeout = acquireTimeout ?? TimeSpan.FromMinutes(2),
            MaximumWaiters = maximumWaiters,
            ShutdownGrace = shutdownGrace ?? TimeSpan.FromSeconds(10),
        };

    internal static SmtpMessage Message(int number) => Message(number.ToString(System.Globalization.CultureInfo.InvariantCulture));

    internal static SmtpMessage Message(string name, string content = "Subject: x\r\n\r\nhello\r\n") =>
        new($"{name}@c.test", ["b@d.test"], Encoding.ASCII.GetBytes(content));

    public async ValueTask DisposeAsync()
    {
        if (_stop.IsCancellationRequested)
        {
            return;
        }

        await _stop.CancelAsync();
        _listener.Dispose();
        await _accepting;
        await Task.WhenAll(_connections.Keys);
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                Socket socket = await _listener.AcceptAsync(_stop.Token);
                Interlocked.Increment(ref _accepted);
                Interlocked.Increment(ref _open);
                Task connection = ServeAsync(socket);
                _connections.TryAdd(connection, true);
            }
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException or ObjectDisposedException)
        {
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        await Task.Yield();
        socket.NoDelay = true;
        try
        {
            using var stream = new NetworkStream(socket, ownsSocket: true);
            await ServeAsync(socket, new LineChannel(stream, _stop.Token));
        }
        catch (Exception error) when (error is IOException or OperationCanceledException or SocketException)
        {
        }
        finally
        {
            Interlocked.Decrement(ref _open);
        }
    }

    private async Task ServeAsync(Socket socket, LineChannel channel)
    {
        string name = "";
        bool hasSender = false;
        bool isOpen = false;
        int recipients = 0;
        if (!await DoAsync(ServerStep.Greeting, "220 mx.test\r\n"))
        {
            return;
        }

        while (await channel.ReadLineAsync() is { } line)
        {
            Commands.Enqueue(line);
            bool goesOn = true;
            switch (line.Split(' ', ':')[0])
            {
                case "EHLO":
                    string[] lines = ["mx.test", "PIPELINING", .. _extensions];
                    goesOn = await DoAsync(ServerStep.Hello, string.Concat(lines.Select((l, i) => $"250{(i == lines.Length - 1 ? ' ' : '-')}{l}\r\n")));
                    break;
                case "RSET":
                    hasSender = isOpen = false;
                    recipients = 0;
                    await channel.SayAsync("250 2.0.0 OK\r\n");
                    break;
                case "MAIL" when isOpen:
                    await channel.SayAsync("503 5.5.1 Nested MAIL\r\n");
                    break;
                case "MAIL":
                    name = line["MAIL FROM:<".Length..line.IndexOf('@', StringComparison.Ordinal)];
                    recipients = 0;
                    hasSender = false;
                    goesOn = await DoAsync(ServerStep.Mail, "250 2.1.0 OK\r\n", () => hasSender = true);
                    break;
                case "RCPT" when !hasSender:
                    await channel.SayAsync("503 5.5.1 No sender\r\n");
                    break;
                case "RCPT":
                    goesOn = await DoAsync(ServerStep.Recipient, "250 2.1.5 OK\r\n", () => recipients++);
                    break;
                case "DATA" when recipients == 0:
                    await channel.SayAsync("503 5.5.1 No recipients\r\n");
                    break;
                case "DATA":
                    bool wanted = false;
                    goesOn = await DoAsync(ServerStep.Data, "354 Go\r\n", () => wanted = true);
                    if (goesOn && wanted)
                    {
                        goesOn = await TakeBodyAsync();
                    }

                    break;
                case "BDAT":
                    goesOn = await TakeChunkAsync(int.Parse(line.Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture));
                    break;
                case "QUIT":
                    Interlocked.Increment(ref _quits);
                    await channel.SayAsync("221 Bye\r\n");
                    return;
                default:
                    await channel.SayAsync("250 OK\r\n");
                    break;
            }

            if (!goesOn)
            {
                return;
            }
        }

        async Task<bool> TakeBodyAsync()
        {
            bool first = true;
            while (await channel.ReadLineAsync() is { } line)
            {
                if (first)
                {
                    first = false;
                    if (_decide(ServerStep.Body, name) is not ServerAct.GoOn and var act)
                    {
                        return await ActAsync(act) && false;
                    }
                }

                if (line == ".")
                {
                    return await TakeMessageAsync();
                }
            }

            return false;
        }

        async Task<bool> TakeChunkAsync(int length)
        {
            if (recipients > 0 && _decide(ServerStep.Body, name) is not ServerAct.GoOn and var act)
            {
                return await ActAsync(act) && false;
            }

            if (!await channel.SkipAsync(length))
            {
                return false;
            }

            if (recipients == 0)
            {
                await channel.SayAsync("503 5.5.1 No recipients\r\n");
                return true;
            }

            isOpen = true;
            return await TakeMessageAsync();
        }

        async Task<bool> TakeMessageAsync()
        {
            bool taken = false;
            if (!await DoAsync(ServerStep.Final, "", () => taken = true))
            {
                return false;
            }

            if (taken)
            {
                isOpen = false;
                recipients = 0;
                Taken.AddOrUpdate(name, 1, (_, count) => count + 1);
                return await DoAsync(ServerStep.Committed, "250 2.0.0 OK\r\n") && await DoAsync(ServerStep.Idle, "");
            }

            return true;
        }

        async Task<bool> DoAsync(ServerStep step, string reply, Action? then = null)
        {
            ServerAct act = _decide(step, name);
            if (act != ServerAct.GoOn)
            {
                return await ActAsync(act);
            }

            then?.Invoke();
            if (reply.Length > 0)
            {
                await channel.SayAsync(reply);
            }

            return true;
        }

        async Task<bool> ActAsync(ServerAct act)
        {
            switch (act)
            {
                case ServerAct.Reset:
                    socket.LingerState = new LingerOption(true, 0);
                    return false;
                case ServerAct.Stall:
                    while (await channel.ReadLineAsync() is not null)
                    {
                    }

                    return false;
                case ServerAct.Say421:
                    await channel.SayAsync("421 4.3.2 Closing\r\n");
                    return false;
                case ServerAct.Say451:
                    await channel.SayAsync("451 4.3.0 Later\r\n");
                    return true;
                case ServerAct.Say550:
                    await channel.SayAsync("550 5.7.1 Never\r\n");
                    return true;
                default:
                    return false;
            }
        }
    }

    /// <summary>Lines in, replies out.</summary>
    private sealed class LineChannel(NetworkStream stream, CancellationToken cancellationToken)
    {
        private readonly byte[] _buffer = new byte[16 * 1024];
        private int _start;
        private int _end;

        /// <summary>Reads a chunk and forgets it.</summary>
        /// <returns>Whether it came whole.</returns>
        internal async Task<bool> SkipAsync(int length)
        {
            while (true)
            {
                int count = Math.Min(length, _end - _start);
                _start += count;
                length -= count;
                if (length == 0 || !await FillAsync())
                {
                    return length == 0;
                }
            }
        }

        internal async Task<string?> ReadLineAsync()
        {
            while (true)
            {
                int length = _buffer.AsSpan(_start, _end - _start).IndexOf("\r\n"u8);
                if (length >= 0)
                {
                    string line = Encoding.UTF8.GetString(_buffer, _start, length);
                    _start += length + 2;
                    return line;
                }

                if (!await FillAsync())
                {
                    return null;
                }
            }
        }

        private async Task<bool> FillAsync()
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            _end -= _start;
            _start = 0;
            int count = await stream.ReadAsync(_buffer.AsMemory(_end), cancellationToken);
            _end += count;
            return count > 0;
        }

        internal async Task SayAsync(string reply) => await stream.WriteAsync(Encoding.UTF8.GetBytes(reply), cancellationToken);
    }
}
