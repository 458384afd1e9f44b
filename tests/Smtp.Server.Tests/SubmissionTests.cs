using System.Globalization;
using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using Smtp.Core;

namespace Smtp.Server.Tests;

/// <summary>The submission role (RFC 6409): AUTH, qualified domains, and what a header lacks.</summary>
public sealed partial class SubmissionTests
{
    private const string Date = "Date: Sat, 01 Jan 2000 00:00:00 -0000\r\n";
    private const string MessageId = "Message-ID: <*@mail.example.com>\r\n";

    /// <summary>A message, and what becomes of it.</summary>
    public static TheoryData<string, string> Headers => new()
    {
        { "Subject: x\r\n\r\ntext\r\n", "Subject: x\r\n" + Date + MessageId + "\r\ntext\r\n" },
        { "Subject: x\r\nDate: y\r\n\r\ntext\r\n", "Subject: x\r\nDate: y\r\n" + MessageId + "\r\ntext\r\n" },
        { "mESSAGE-id \t: <1@x>\r\nSubject: x\r\n\r\ntext\r\n", "mESSAGE-id \t: <1@x>\r\nSubject: x\r\n" + Date + "\r\ntext\r\n" },
        { "DATE:\r\n y\r\nMessage-Id:<1@x>\r\n\r\ntext\r\n", "DATE:\r\n y\r\nMessage-Id:<1@x>\r\n\r\ntext\r\n" },

        // Names that are nearly the ones, and the ones where they are no names.
        { "Dates: y\r\nX-Date: y\r\nMessage-IDs: z\r\nDat: y\r\n\r\nDate: y\r\n", "Dates: y\r\nX-Date: y\r\nMessage-IDs: z\r\nDat: y\r\n" + Date + MessageId + "\r\nDate: y\r\n" },
        { "Subject: x\r\n Date: y\r\n\tMessage-ID: z\r\n\r\n", "Subject: x\r\n Date: y\r\n\tMessage-ID: z\r\n" + Date + MessageId + "\r\n" },
        { "Date y: z\r\n\r\n", Date + MessageId + "\r\nDate y: z\r\n\r\n" },

        // No body, no header, nothing.
        { "Subject: x\r\n", "Subject: x\r\n" + Date + MessageId + "\r\n" },
        { "Subject: x", "Subject: x\r\n" + Date + MessageId + "\r\n" },
        { "Date: x\r\nMessage-ID: y\r\n", "Date: x\r\nMessage-ID: y\r\n" },
        { "\r\ntext\r\n", Date + MessageId + "\r\ntext\r\n" },
        { "Hello, world\r\n\r\nBye\r\n", Date + MessageId + "\r\nHello, world\r\n\r\nBye\r\n" },
        { "Hello", Date + MessageId + "\r\nHello" },
        { "", Date + MessageId + "\r\n" },
        { "\u00e4: x\r\n\r\n", Date + MessageId + "\r\n\u00e4: x\r\n\r\n" },

        // What broke off in the middle is a body from there on; what lacks nothing stays as it was.
        { "Subject: x\r\nno field\r\nDate: y\r\n", "Subject: x\r\n" + Date + MessageId + "\r\nno field\r\nDate: y\r\n" },
        { "Date: x\r\nMessage-ID: y\r\nno field\r\n", "Date: x\r\nMessage-ID: y\r\nno field\r\n" },
        { "Subject: x\r\n\rDate: y\r\n", "Subject: x\r\n" + Date + MessageId + "\r\n\rDate: y\r\n" },
        { "Subject: x\nDate: y\r\n\r\n", "Subject: x\nDate: y\r\n" + Date + MessageId + "\r\n" },
        { "From a@example.com Mon Jan  1\r\nDate: y\r\n\r\n", "From a@example.com Mon Jan  1\r\nDate: y\r\n" + MessageId + "\r\n" },
        { "Date: y\r\nFrom a@example.com Mon Jan  1\r\n\r\n", "Date: y\r\n" + MessageId + "\r\nFrom a@example.com Mon Jan  1\r\n\r\n" },
        { new string('x', 2000) + ": y\r\n\r\n", Date + MessageId + "\r\n" + new string('x', 2000) + ": y\r\n\r\n" },
    };

    [Theory]
    [MemberData(nameof(Headers))]
    public async Task What_a_header_lacks_is_added_at_its_end_however_it_is_cut(string message, string expected)
    {
        byte[] octets = Encoding.Latin1.GetBytes(message);
        for (int first = 0; first <= Math.Min(octets.Length, 60); first++)
        {
            Assert.Equal(expected, await WriteAsync(octets[..first], octets[first..]));
        }

        Assert.Equal(expected, await WriteAsync([.. octets.Select(octet => (byte[])[octet])]));
    }

    [Fact]
    public async Task Random_headers_are_completed_as_a_slow_reading_of_lines_would()
    {
        var random = new Random(6409);
        string[] pieces = ["Date", "date", "Message-ID", "X", ":", " ", "\t", "\r\n", "\r\n", "\r", "\n", "text", "From ", "\u00e4"];
        for (int i = 0; i < 5000; i++)
        {
            string message = string.Concat(Enumerable.Range(0, random.Next(14)).Select(_ => pieces[random.Next(pieces.Length)]));
            byte[] octets = Encoding.Latin1.GetBytes(message);
            int cut = random.Next(octets.Length + 1);
            Assert.Equal(Complete(message), await WriteAsync(octets[..cut], octets[cut..]));
        }
    }

    [Fact]
    public async Task A_submission_listener_wants_AUTH_and_completes_messages()
    {
        await using TestServer server = TestServer.Start(
            authenticator: new ScriptedAuthenticator(),
            listeners:
            [
                new SmtpListenerOptions { EndPoint = new IPEndPoint(IPAddress.Loopback, 0), Role = SmtpListenerRole.Submission, AllowPlaintextAuthentication = true },
                TestServer.Listener(),
            ]);
        await using TestClient client = await server.ConnectSocketAsync();
        await client.GreetAsync();
        await client.SayAsync("MAIL FROM:<a@example.com>", "530 5.7.0");
        string plain = Convert.ToBase64String(Encoding.UTF8.GetBytes($"\0{ScriptedAuthenticator.User}\0{ScriptedAuthenticator.Password}"));
        await client.SayAsync("AUTH PLAIN " + plain, "235 ");
        await client.SayAsync("MAIL FROM:<a@localhost>", "553 5.1.8");
        await client.SendMessageAsync("Subject: x\r\n\r\ntext\r\n");
        Assert.Equal("Subject: x\r\n" + Date + MessageId + "\r\ntext\r\n", Masked(server.Sink.Messages[^1].Text));

        // By chunks too, and the sink sees one message whole.
        await client.SayAsync("MAIL FROM:<a@example.com>", "250 ");
        await client.SayAsync("RCPT TO:<b@example.com>", "250 ");
        await client.SendAsync("BDAT 5\r\nSubjeBDAT 9 LAST\r\nct: x\r\n\r\n");
        await client.ExpectAsync("250 ");
        await client.ExpectAsync("250 ");
        Assert.Equal("Subject: x\r\n" + Date + MessageId + "\r\n", Masked(server.Sink.Messages[^1].Text));
        Assert.All(server.Sink.Messages, m => m.AssertEnded(committed: true));

        // A relay leaves messages alone.
        await using TestClient other = await TestClient.ConnectAsync(server.Server.EndPoints[1]);
        await other.GreetAsync();
        await other.SendMessageAsync("Subject: x\r\n\r\ntext\r\n");
        Assert.Equal("Subject: x\r\n\r\ntext\r\n", server.Sink.Messages[^1].Text);
    }

    [Fact]
    public async Task A_submission_that_is_refused_or_breaks_off_is_aborted_once()
    {
        await using TestServer server = TestServer.Start(listeners: new SmtpListenerOptions
        {
            EndPoint = new IPEndPoint(IPAddress.Loopback, 0),
            Role = SmtpListenerRole.Submission,
            RequireAuthentication = false,
        });
        await using (TestClient client = await server.ConnectSocketAsync())
        {
            await client.GreetAsync();
            Assert.StartsWith("550 5.6.0", await client.SendMessageAsync("Sub\nject: x\r\n"), StringComparison.Ordinal);
            await client.StartDataAsync();
            await client.SendAsync("Subj");
            client.Reset();
        }

        await server.UntilEmptyAsync();
        Assert.Equal(2, server.Sink.Messages.Count);
        Assert.All(server.Sink.Messages, m => m.AssertEnded(committed: false));
    }

    [Fact]
    public async Task The_sink_for_mixed_ports_completes_the_messages_of_users_alone()
    {
        var inner = new RecordingSink { SupportedExtensions = SmtpExtensions.Dsn };
        var sink = new SubmissionMessageSink(inner, "mail.example.com");
        Assert.Equal(SmtpExtensions.Dsn, sink.SupportedExtensions);
        await using TestServer server = TestServer.Start(
            messages: sink, authenticator: new ScriptedAuthenticator(), listeners: TestServer.Listener(allowPlaintextAuthentication: true));
        await using TestClient client = await server.ConnectSocketAsync();
        await client.GreetAsync();
        await client.SendMessageAsync("Subject: x\r\n\r\n");
        Assert.Equal("Subject: x\r\n\r\n", inner.Messages[^1].Text);
        string plain = Convert.ToBase64String(Encoding.UTF8.GetBytes($"\0{ScriptedAuthenticator.User}\0{ScriptedAuthenticator.Password}"));
        await client.SayAsync("AUTH PLAIN " + plain, "235 ");
        await client.SendMessageAsync("Subject: x\r\nDate: y\r\n\r\n");
        Assert.Equal("Subject: x\r\nDate: y\r\n" + MessageId + "\r\n", Masked(inner.Messages[^1].Text));
    }

    /// <summary>What should become of a message, read line by line.</summary>
    private static string Complete(string message)
    {
        int at = 0;
        bool date = false;
        bool id = false;
        string between = "\r\n";
        string before = "";
        while (at < message.Length)
        {
            int end = message.IndexOf("\r\n", at, StringComparison.Ordinal);
            string line = end < 0 ? message[at..] : message[at..end];
            bool isFirstMailboxLine = at == 0 && FromLine().IsMatch(line);
            if (line.Length == 0)
            {
                between = "";
                break;
            }

            if (!isFirstMailboxLine && line[0] is not (' ' or '\t') && !Field().IsMatch(line))
            {
                break;
            }

            date |= DateField().IsMatch(line);
            id |= IdField().IsMatch(line);
            before = end < 0 ? "\r\n" : "";
            at = end < 0 ? message.Length : end + 2;
        }

        string fields = (date ? "" : Date) + (id ? "" : MessageId);
        return fields.Length == 0 ? message : message[..at] + before + fields + between + message[at..];
    }

    [GeneratedRegex(@"\AFrom[ \t]+[^ \t:\r]", RegexOptions.IgnoreCase)]
    private static partial Regex FromLine();

    [GeneratedRegex(@"\A[!-9;-~]+[ \t]*:")]
    private static partial Regex Field();

    [GeneratedRegex(@"\ADate[ \t]*:", RegexOptions.IgnoreCase)]
    private static partial Regex DateField();

    [GeneratedRegex(@"\AMessage-ID[ \t]*:", RegexOptions.IgnoreCase)]
    private static partial Regex IdField();

    [GeneratedRegex("Message-ID: <[0-9a-f]{32}@")]
    private static partial Regex Id();

    /// <summary>The message without what is random in it.</summary>
    private static string Masked(string message) => Id().Replace(message, "Message-ID: <*@");

    private static async Task<string> WriteAsync(params byte[][] chunks)
    {
        var output = new Collector();
        var writer = new SubmissionWriter(output, "mail.example.com", DateTimeOffset.Parse("2000-01-01T00:00Z", CultureInfo.InvariantCulture));
        foreach (byte[] chunk in chunks.Where(chunk => chunk.Length > 0))
        {
            await writer.WriteAsync(chunk, default);
        }

        await writer.CommitAsync(default);
        return Masked(Encoding.Latin1.GetString(output.Content.ToArray()));
    }

    private sealed class Collector : IMessageWriter
    {
        internal List<byte> Content { get; } = [];

        public ValueTask WriteAsync(ReadOnlyMemory<byte> chunk, CancellationToken cancellationToken)
        {
            Assert.False(chunk.IsEmpty);
            Content.AddRange(chunk.Span);
            return default;
        }

        public ValueTask<SmtpReply> CommitAsync(CancellationToken cancellationToken) => ValueTask.FromResult(Replies.MessageAccepted);

        public ValueTask AbortAsync() => default;
    }
}
