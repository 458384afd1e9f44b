using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Smtp.Client.Tests;

/// <summary>Servers that mean harm, over real sockets: whatever they say costs bounded memory and ends in a named error.</summary>
[Collection(nameof(AloneCollection))]
public sealed class HostileServerTests
{
    // Far over what any bound of the client's lets in, and far under what a client without bounds would keep.
    private const long Flood = 64 * 1024 * 1024;
    private const long Allowed = 4 * 1024 * 1024;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<string, string, PeerViolation> Floods => new()
    {
        { "endless greeting", "220-and so on\r\n", PeerViolation.TooManyLines },
        { "endless line", "220 xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", PeerViolation.MalformedReply },
        { "a line without an end", "x", PeerViolation.LineTooLong },
        { "long lines", "220-" + new string('y', 1900) + "\r\n", PeerViolation.ReplyTooLong },
        { "greetings without number", "220 hello\r\n", PeerViolation.UnexpectedReply },
        { "line feeds", "\n", PeerViolation.BareLineEnding },
    };

    [Theory]
    [MemberData(nameof(Floods))]
    public async Task A_flood_costs_bounded_memory_and_ends_in_a_name(string name, string piece, PeerViolation violation)
    {
        Assert.NotEmpty(name);
        byte[] octets = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat(piece, 64 * 1024 / piece.Length)));
        if (name == "endless line")
        {
            octets.AsSpan().Replace((byte)'2', (byte)'x');
            octets[0] = (byte)'2';
            violation = PeerViolation.LineTooLong;
        }

        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        Task<long> server = FloodAsync(listener, octets);
        long before = GC.GetTotalAllocatedBytes(precise: true);
        SmtpReplyException error = await Assert.ThrowsAsync<SmtpReplyException>(async () => await SmtpConnection.ConnectAsync(Options(listener), Token));
        long allocated = GC.GetTotalAllocatedBytes(precise: true) - before;
        Assert.Equal(violation, error.Violation);
        Assert.InRange(allocated, 0, Allowed);
        Assert.InRange(await server, 0, Flood - 1);
    }

    [Theory]
    [InlineData("250 OK\r\n250 OK\r\n354 go\r\n250 OK\r\n", "UnexpectedReply")]
    [InlineData("354 go\r\n250 OK\r\n250 OK\r\n", "UnexpectedCode")]
    [InlineData("250 OK\r\n354 go\r\n354 go\r\n", "UnexpectedCode")]
    [InlineData("250 OK\r\n250 OK\r\n250 OK\r\n", "UnexpectedCode")]
    [InlineData("250 OK\r\n250 OK\r\n354 go\r\nx\r\n", "MalformedReply")]
    [InlineData("250 OK\r\n250 OK\r\n354 go\r\n25", "UnexpectedReply")]
    [InlineData("250 OK\r\n250 OK\r\n354 go\r\n250-half", "UnexpectedReply")]
    [InlineData("250 OK\r\n250 OK\r\n354 go\r\n250 taken before it was there\r\n", "UnexpectedReply")]
    [InlineData("250 OK\r\n250 OK\r\n354 go\r\n\r\n", "MalformedReply")]
    [InlineData("250 OK\r\n250 OK\r\n354 go\r\n220 x\r\n250 x\r\n", "UnexpectedReply")]
    [InlineData("199 what\r\n", "MalformedReply")]
    [InlineData("250-OK\r\n251 OK\r\n", "CodeMismatch")]
    [InlineData("250 OK\0\n", "BareLineEnding")]
    [InlineData("250 OK\r\n250 OK\r\n354 go\r\n354 go\r\n", "UnexpectedReply")]
    public async Task Replies_that_fit_no_command_end_the_session_with_a_name_and_no_acceptance(string replies, string violation)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        Task server = SayAsync(listener, "220 mx\r\n", "EHLO", "250-mx\r\n250 PIPELINING\r\n", "DATA", replies);
        await using SmtpConnection connection = await SmtpConnection.ConnectAsync(Options(listener), Token);
        var result = new SendResult();
        SmtpReplyException error = await Assert.ThrowsAsync<SmtpReplyException>(
            async () => await connection.SendAsync(TestConnection.Message("x\r\n"u8.ToArray()), result, Token));
        Assert.Equal(Enum.Parse<PeerViolation>(violation), error.Violation);
        Assert.False(result.IsAccepted);
        Assert.False(connection.IsUsable);
        connection.Abort();
        await server;
    }

    [Theory]
    [InlineData("a\r\nRSET@c.test")]
    [InlineData("a\nb@c.test")]
    [InlineData("a\0b@c.test")]
    [InlineData("a@c.test\r")]
    [InlineData("a@c.test> BODY=8BITMIME")]
    [InlineData("\"a\r\nb\"@c.test")]
    public void An_address_that_could_end_its_command_is_none(string text)
    {
        Assert.Throws<FormatException>(() => new SmtpMessage(text, ["b@d.test"], Array.Empty<byte>()));
        Assert.Throws<FormatException>(() => new SmtpMessage("a@c.test", [text], Array.Empty<byte>()));
    }

    [Theory]
    [InlineData("host", "mx.test\r\nRSET")]
    [InlineData("host", "mx.test\0")]
    [InlineData("fallback", "mx\ntest")]
    [InlineData("name", "client\r\nRSET")]
    [InlineData("name", "client\0")]
    [InlineData("tls", "mx\r\n")]
    public void An_option_that_could_end_a_command_is_named(string option, string value)
    {
        var options = new SmtpConnectionOptions
        {
            Host = option == "host" ? value : "mx.test",
            FallbackHosts = option == "fallback" ? [value] : [],
            LocalName = option == "name" ? value : null,
            TlsHostName = option == "tls" ? value : null,
        };
        Assert.Single(options.Validate());
    }

    [Theory]
    [InlineData("x\r\nRSET", "rfc822;a@b")]
    [InlineData("x", "rfc822;a\r\nDATA")]
    [InlineData("x", "rfc822;a\0")]
    public async Task An_envelope_value_that_could_end_its_command_sends_nothing(string envelopeId, string originalRecipient)
    {
        await using TestConnection connection = await TestConnection.ConnectAsync("PIPELINING", "DSN");
        SmtpMessage message = TestConnection.Message("x\r\n"u8.ToArray());
        message.Envelope.EnvelopeId = Encoding.ASCII.GetBytes(envelopeId);
        message.Envelope.Recipients[0] = message.Envelope.Recipients[0] with { OriginalRecipient = Encoding.ASCII.GetBytes(originalRecipient) };
        await Assert.ThrowsAsync<ArgumentException>(async () => await connection.Client.SendAsync(message, Token));
        Assert.True(connection.Client.IsUsable);
        SendResult result = await connection.SendAsync(
            "C: MAIL FROM:<a@c.test>\nC: RCPT TO:<b@d.test>\nC: DATA\nS: 250 OK\nS: 250 OK\nS: 354 go\n<body>\nS: 250 OK",
            TestConnection.Message("x\r\n"u8.ToArray()));
        Assert.True(result.IsAccepted);
    }

    private static SmtpConnectionOptions Options(TcpListener listener) => new()
    {
        Host = "127.0.0.1",
        Port = ((IPEndPoint)listener.LocalEndpoint).Port,
        Tls = SmtpTlsMode.None,
        LocalName = "client.test",
    };

    /// <summary>Says the same until the client goes, and no more than the flood.</summary>
    private static async Task<long> FloodAsync(TcpListener listener, byte[] octets)
    {
        using Socket socket = await listener.AcceptSocketAsync(Token);
        long sent = 0;
        try
        {
            while (sent < Flood)
            {
                sent += await socket.SendAsync(octets, Token);
            }
        }
        catch (SocketException)
        {
            // It has gone.
        }

        return sent;
    }

    /// <summary>Says, waits for a word of the client's, says.</summary>
    private static async Task SayAsync(TcpListener listener, params string[] turns)
    {
        using Socket socket = await listener.AcceptSocketAsync(Token);
        byte[] buffer = new byte[64 * 1024];
        for (int i = 0; i < turns.Length; i++)
        {
            if (i % 2 == 0)
            {
                await socket.SendAsync(Encoding.ASCII.GetBytes(turns[i]), Token);
                continue;
            }

            var heard = new StringBuilder();
            while (!heard.ToString().Contains(turns[i], StringComparison.Ordinal))
            {
                heard.Append(Encoding.ASCII.GetString(buffer, 0, await socket.ReceiveAsync(buffer, Token)));
            }
        }

        try
        {
            while (await socket.ReceiveAsync(buffer, Token) > 0)
            {
            }
        }
        catch (SocketException)
        {
            // Reset.
        }
    }
}
