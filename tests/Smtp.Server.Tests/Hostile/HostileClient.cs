using System.Buffers;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using Smtp.Core;

namespace Smtp.Server.Tests;

/// <summary>
/// One client of a seed: a session of AUTH, nonsense and messages by DATA and BDAT, in lockstep or pipelined, over a <see cref="HostileStream"/>. It writes down what it
/// sent to the end and what it was told.
/// </summary>
internal sealed class HostileClient : IAsyncDisposable
{
    private static readonly string[] Nonsense =
    [
        "XYZZY\r\n", "NOOP\r\n", "MAIL FROM:<m0@example.com>\r\nRSET\r\n", "VRFY root\r\n", "AUTH PLAIN\r\n*\r\n", "AUTH LOGIN ====\r\n", "DATA\r\n",
        "BDAT 5\r\nQUIT\r", "NOOP\nQUIT\r\n", "RCPT TO:<x@example.net>\r\n", "EHLO y.example\r\n", "LHLO y.example\r\n", "EXPN x\r\n", "\0\r\n",
        "MAIL FROM:<m0@example.com> SIZE=99999999999\r\n", "AUTH SCRAM-SHA-256 biwsbj11c2VyLHI9YWJj\r\n*\r\n", "STARTTLS now\r\n",
    ];

    private readonly Random _random;
    private readonly HostileLedger _ledger;
    private readonly HostileEnding _ending;
    private readonly HostileListener _listener;
    private readonly int _seed;
    private readonly Socket _socket;
    private readonly HostileStream _wire;
    private readonly byte[] _buffer = new byte[4096];
    private Stream _stream;
    private int _start;
    private int _end;
    private int _expected;

    internal HostileClient(int seed, HostileLedger ledger, HostileListener listener, EndPoint endPoint)
    {
        _seed = seed;
        _random = new Random(seed);
        _ledger = ledger;
        _listener = listener;
        _ending = (HostileEnding)_random.Next(5);
        _socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        EndPoint = endPoint;

        // Half of the wires are cut in what a session takes; under TLS the handshake alone takes about 500 octets.
        long budget = _ending == HostileEnding.Deaf || _random.Next(2) == 0 ? long.MaxValue : _random.Next(3) == 0 ? _random.Next(600) : _random.Next(6000);
        _wire = new HostileStream(_socket, _random, _ending, budget);
        _stream = _wire;
    }

    private EndPoint EndPoint { get; }

    public async ValueTask DisposeAsync()
    {
        _socket.Dispose();
        await _wire.DisposeAsync();
    }

    /// <summary>Lives until it has gone, or until only the server can end it.</summary>
    internal async Task LiveAsync()
    {
        _ledger.Count($"{_listener} clients");
        _ledger.Count($"ended by {_ending}");
        try
        {
            if (_random.Next(5) == 0)
            {
                _socket.ReceiveBufferSize = 1024;
            }

            await _socket.ConnectAsync(EndPoint);
            await TalkAsync();
        }
        catch (Exception error) when (
            error is WireCutException or IOException or SocketException or ObjectDisposedException or System.Security.Authentication.AuthenticationException)
        {
            _ledger.Count(_wire.IsCut ? "wires cut" : "connections lost");
            if (_wire.IsCut && _ending == HostileEnding.HalfClose)
            {
                await ReadToEndAsync();
            }
        }
    }

    /// <summary>Waits for the server's end of the connection, whatever it says before.</summary>
    internal async Task ReadToEndAsync()
    {
        try
        {
            while (await _socket.ReceiveAsync(_buffer) > 0)
            {
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // It had gone before.
        }
    }

    private bool IsLmtp => _listener is HostileListener.Lmtp or HostileListener.LmtpTls;

    private async Task TalkAsync()
    {
        if (_listener is HostileListener.ImplicitTls)
        {
            await ShakeHandsAsync();
        }

        await ReadReplyAsync("2");
        await GreetAsync();
        if (_listener is HostileListener.StartTls or HostileListener.LmtpTls && _random.Next(4) > 0)
        {
            // Now and then with plaintext behind it, which must never be run.
            string injected = _random.Next(3) == 0 ? "MAIL FROM:<m0@example.com>\r\nRCPT TO:<b@example.net>\r\n" : string.Empty;
            await SendAsync("STARTTLS\r\n" + injected);
            await ReadReplyAsync("220");
            await ShakeHandsAsync();
            await GreetAsync();
        }

        if (_random.Next(2) == 0)
        {
            await AuthenticateAsync();
        }

        if (_ending == HostileEnding.Deaf)
        {
            await BeDeafAsync();
            return;
        }

        int messages = _random.Next(4);
        for (int i = 0; i < messages; i++)
        {
            if (_random.Next(3) == 0)
            {
                await TalkNonsenseAsync();
            }

            await SendMessageAsync(i);
        }

        switch (_ending)
        {
            case HostileEnding.Quit or HostileEnding.HalfClose:
                await SendAsync("QUIT\r\n");
                await ReadReplyAsync("221");
                break;
            case HostileEnding.Reset:
                _socket.LingerState = new LingerOption(true, 0);
                break;
        }

        _socket.Dispose();
    }

    private async Task GreetAsync()
    {
        await SendAsync(IsLmtp ? "LHLO x.example\r\n" : "EHLO x.example\r\n");
        await ReadReplyAsync("250");
    }

    private async Task ShakeHandsAsync()
    {
        var tls = new SslStream(_wire, leaveInnerStreamOpen: true);
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = "mail.example.com",
#pragma warning disable CA5359 // What is tested is the server; its certificate is made on the spot.
            RemoteCertificateValidationCallback = (_, _, _, _) => true,
#pragma warning restore CA5359
        });
        _stream = tls;
        _ledger.Count("handshakes");
    }

    private async Task AuthenticateAsync()
    {
        string user = ScriptedAuthenticator.User;
        string password = _random.Next(4) == 0 ? "wrong" : ScriptedAuthenticator.Password;
        SaslClientMechanism mechanism = _random.Next(3) switch
        {
            0 => new PlainSaslClient(user, password),
            1 => new LoginSaslClient(user, password),
            _ => new ScramSha256SaslClient(user, password),
        };
        mechanism.Start();
        await SendAsync($"AUTH {mechanism.Name}\r\n");
        string reply = await ReadReplyAsync("");
        var response = new ArrayBufferWriter<byte>();
        while (reply.StartsWith("334", StringComparison.Ordinal))
        {
            response.ResetWrittenCount();
            if (mechanism.Respond(Convert.FromBase64String(reply[4..]), response) == SaslClientStep.Cancel)
            {
                response.ResetWrittenCount();
                await SendAsync("*\r\n");
            }
            else
            {
                await SendAsync(Convert.ToBase64String(response.WrittenSpan) + "\r\n");
            }

            reply = await ReadReplyAsync("");
        }

        _ledger.Count($"AUTH {reply[..3]}");
        if (reply.StartsWith("421", StringComparison.Ordinal))
        {
            throw new IOException("Closed by the server.");
        }
    }

    private async Task TalkNonsenseAsync()
    {
        string text = Nonsense[_random.Next(Nonsense.Length)];
        await SendAsync(text);

        // How many replies it gets is not worth knowing: what this says is none of them.
        await SendAsync("RSET\r\nHELP\r\n");
        for (int line = 0; line < 20; line++)
        {
            if ((await ReadReplyAsync("")).StartsWith("214", StringComparison.Ordinal))
            {
                return;
            }
        }

        _ledger.Complaints.Enqueue($"seed {_seed}: HELP behind {text.Trim()} got no reply.");
    }

    private async Task SendMessageAsync(int number)
    {
        string id = $"m{(_seed * 4) + number}";
        int recipients = 1 + _random.Next(3);
        string[] paths = [.. Enumerable.Range(0, recipients).Select(i => IsLmtp && _random.Next(4) == 0 ? $"full{i}@example.net" : $"b{i}@example.net")];
        (string content, string text, bool smuggles) = MakeContent(id);
        string envelope = $"MAIL FROM:<{id}@example.com>\r\n{string.Concat(paths.Select(p => $"RCPT TO:<{p}>\r\n"))}";
        bool pipelined = _random.Next(2) == 0;
        bool chunked = !smuggles && _random.Next(2) == 0;
        if (chunked)
        {
            int at = _random.Next(content.Length);
            string all = $"BDAT {at}\r\n{content[..at]}BDAT {content.Length - at} LAST\r\n{content[at..]}";
            await SendCompleteAsync(id, content, envelope + all);
            if (!await IsEnvelopeTakenAsync(recipients) | !(await ReadReplyAsync("")).StartsWith('2'))
            {
                // The last chunk of a message that is lost already.
                await ReadReplyAsync("");
                return;
            }
        }
        else if (pipelined)
        {
            await SendAsync(envelope + "DATA\r\n");
            bool taken = await IsEnvelopeTakenAsync(recipients);
            if (!(await ReadReplyAsync("")).StartsWith("354", StringComparison.Ordinal) || !taken)
            {
                return;
            }

            await SendCompleteAsync(smuggles ? null : id, content, text);
        }
        else
        {
            foreach (string line in (envelope + "DATA\r\n").Split("\r\n", StringSplitOptions.RemoveEmptyEntries))
            {
                await SendAsync(line + "\r\n");
                if ((await ReadReplyAsync(""))[0] is not ('2' or '3'))
                {
                    return;
                }
            }

            await SendCompleteAsync(smuggles ? null : id, content, text);
        }

        for (int i = 0; i < (IsLmtp ? recipients : 1); i++)
        {
            bool yes = (await ReadReplyAsync("")).StartsWith("250", StringComparison.Ordinal);
            if (yes && smuggles)
            {
                _ledger.Complaints.Enqueue($"seed {_seed}: a message with bare line endings was taken.");
            }
            else if (yes)
            {
                _ledger.Answered[IsLmtp ? $"{id} {i}" : id] = true;
            }
        }
    }

    private async Task<bool> IsEnvelopeTakenAsync(int recipients)
    {
        bool taken = true;
        for (int i = 0; i <= recipients; i++)
        {
            taken &= (await ReadReplyAsync("")).StartsWith('2');
        }

        return taken;
    }

    /// <summary>The content, its text on the wire behind DATA, and whether it hides another message behind a bare line ending.</summary>
    private (string Content, string Text, bool Smuggles) MakeContent(string id)
    {
        var content = new StringBuilder($"Subject: {id}\r\n\r\n");
        int lines = _random.Next(8) == 0 ? 2000 : _random.Next(30);
        for (int i = 0; i < lines; i++)
        {
            content.Append(_random.Next(5) switch { 0 => ".", 1 => "..", 2 => string.Empty, _ => "a line of text that is neither short nor long" }).Append("\r\n");
        }

        string text = content.ToString();
        string stuffed = text.Replace("\r\n.", "\r\n..", StringComparison.Ordinal) + ".\r\n";
        if (_random.Next(8) > 0)
        {
            return (text, stuffed, false);
        }

        string end = _random.Next(4) switch { 0 => "\n.\n", 1 => "\r\n.\n", 2 => "\n.\r\n", _ => "\r.\r" };
        return (text, $"x{end}MAIL FROM:<{id}@example.com>\r\nRCPT TO:<b@example.net>\r\nDATA\r\nx\r\n" + stuffed, true);
    }

    private async Task SendCompleteAsync(string? id, string content, string wire)
    {
        try
        {
            // If the wire is cut, the last octets have not left, and nobody can have the message.
            await SendAsync(wire);
        }
        catch (Exception) when (!_wire.IsCut && Note(id, content))
        {
            throw;
        }

        Note(id, content);
    }

    // It is on its way, or may be: so it may be taken.
    private bool Note(string? id, string content)
    {
        if (id is not null)
        {
            _ledger.Sent[id] = content;
        }

        return true;
    }

    private async Task BeDeafAsync()
    {
        byte[] commands = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("HELP\r\n", 20_000)));
        while (true)
        {
            await _stream.WriteAsync(commands);
        }
    }

    private ValueTask SendAsync(string text) => _stream.WriteAsync(Encoding.Latin1.GetBytes(text));

    private async Task<string> ReadReplyAsync(string expected)
    {
        while (true)
        {
            string line = await ReadLineAsync();
            if (line.Length < 4 || line[0] is < '2' or > '5' || line[3] is not (' ' or '-'))
            {
                _ledger.Complaints.Enqueue($"seed {_seed}: no reply, \"{line}\"");
            }

            if (line[3] == '-')
            {
                continue;
            }

            if (line.StartsWith("421", StringComparison.Ordinal))
            {
                _ledger.Count("told 421");
            }
            else if (!line.StartsWith(expected, StringComparison.Ordinal))
            {
                _ledger.Complaints.Enqueue($"seed {_seed}: {line} in place of {expected}");
            }

            _expected++;
            return line;
        }
    }

    private async Task<string> ReadLineAsync()
    {
        var line = new StringBuilder();
        while (true)
        {
            while (_start < _end)
            {
                char c = (char)_buffer[_start++];
                if (c == '\n')
                {
                    return line.ToString(0, line.Length - 1);
                }

                line.Append(c);
            }

            _start = 0;
            _end = await _stream.ReadAsync(_buffer);
            if (_end == 0)
            {
                throw new IOException($"Closed by the server behind {_expected} replies.");
            }
        }
    }
}
