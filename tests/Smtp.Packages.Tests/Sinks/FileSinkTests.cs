using System.Buffers;
using System.Net;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using Smtp.Client;
using Smtp.Interop;
using Smtp.Server;

namespace Smtp.Packages.Tests.Sinks;

public sealed class FileSinkTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_maildir_gets_whole_files_and_nothing_is_left()
    {
        using var folder = new TemporaryFolder();
        await using SmtpServer server = Start(new MaildirMessageSink(folder["mail"]) { HostName = "mail.example.com" });
        Assert.True((await Letter.SendAsync(server.EndPoints[0])).IsAccepted);
        string file = Assert.Single(Directory.GetFiles(folder["mail/new"]));
        Assert.Empty(Directory.GetFiles(folder["mail/tmp"]));
        string text = await File.ReadAllTextAsync(file, Token);
        Assert.StartsWith("Return-Path: <you@example.com>\r\nReceived: from ", text, StringComparison.Ordinal);
        Assert.Contains("\r\n\tby mail.example.com with ESMTP\r\n\tfor <friend@example.net>;\r\n\t", text, StringComparison.Ordinal);
        Assert.EndsWith("+0000\r\n" + Letter.Text, text, StringComparison.Ordinal);
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        }
    }

    [Fact]
    public async Task A_maildir_for_each_recipient_or_a_refusal()
    {
        using var folder = new TemporaryFolder();
        await using SmtpServer server = Start(new MaildirMessageSink(path => Encoding.ASCII.GetString(path.LocalPart) switch
        {
            "anna" => folder["anna"],
            "bert" => folder["bert"],
            _ => null,
        }));
        await using SmtpConnection connection = await ConnectAsync(server);
        Assert.True((await connection.SendAsync(Message("anna@example.com", "bert@example.com", "anna@example.net"), Token)).IsAccepted);
        Assert.Single(Directory.GetFiles(folder["anna/new"]));
        Assert.Single(Directory.GetFiles(folder["bert/new"]));
        SendResult refused = await connection.SendAsync(Message("anna@example.com", "carl@example.com"), Token);
        Assert.Equal(550, refused.Recipients[0].Reply.Code);
        Assert.Single(Directory.GetFiles(folder["anna/new"]));
        Assert.Empty(Directory.GetFiles(folder["anna/tmp"]));
    }

    [Fact]
    public async Task A_message_that_is_cut_off_leaves_no_file()
    {
        using var folder = new TemporaryFolder();
        using var mbox = new MboxMessageSink(folder["mbox"]);
        await using (SmtpServer server = Start(new TeeMessageSink(new MaildirMessageSink(folder["mail"]), mbox)))
        {
            await using SmtpConnection connection = await ConnectAsync(server);
            await Assert.ThrowsAnyAsync<Exception>(() => connection.SendAsync(
                new SmtpMessage { Envelope = Message("anna@example.com").Envelope, Content = MessageContent.FromStream(new BreakingStream()) }, Token).AsTask());
        }

        Assert.Empty(Directory.GetFiles(folder["mail/new"]));
        Assert.Empty(Directory.GetFiles(folder["mail/tmp"]));
        Assert.Equal([folder["mbox"]], Directory.GetFiles(folder.Path));
        Assert.Equal(0, new FileInfo(folder["mbox"]).Length);
    }

    [Fact]
    public async Task Many_at_once_go_into_one_mbox_that_Python_reads_back()
    {
        string python = ExternalProgram.Demand("python3", "python3", Assert.Skip);
        using var folder = new TemporaryFolder();
        using var sink = new MboxMessageSink(folder["mbox"]);
        await using SmtpServer server = Start(sink);
        await Task.WhenAll(Enumerable.Range(0, 20).Select(i => Letter.SendAsync(
            server.EndPoints[0], text: $"Subject: {i}\r\n\r\nFrom here\r\n>From there\r\n>>From {i}\r\n")));
        const string Script = """
            import mailbox, sys
            for m in sorted(mailbox.mbox(sys.argv[1]), key=lambda m: int(m['subject'])):
                print(m['subject'], m['return-path'], repr(m.get_payload()))
            """;
        using var run = System.Diagnostics.Process.Start(
            new System.Diagnostics.ProcessStartInfo(python, ["-c", Script, folder["mbox"]]) { RedirectStandardOutput = true })!;
        string[] lines = (await run.StandardOutput.ReadToEndAsync(Token)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(20, lines.Length);
        for (int i = 0; i < lines.Length; i++)
        {
            // mboxrd's quoting, one > more than was sent, is the reader's to take off; Python leaves it.
            Assert.Equal($"{i} <you@example.com> '>From here\\n>>From there\\n>>>From {i}\\n'", lines[i]);
        }
    }

    [Property(MaxTest = 300)]
    public Property The_mbox_encoder_is_the_obvious_one_however_content_is_split() => Prop.ForAll(
        Gen.Elements("From ", "From", ">", ">From ", "x", " ", "\r\n", "\r", "\n", "F", "Fr").ArrayOf().Select(string.Concat).ToArbitrary(),
        Gen.Choose(1, 7).ToArbitrary(),
        (text, size) =>
        {
            byte[] content = Encoding.ASCII.GetBytes(text);
            var encoder = new MboxEncoder();
            var output = new ArrayBufferWriter<byte>();
            foreach (byte[] piece in content.Chunk(size))
            {
                encoder.Encode(piece, output);
            }

            encoder.Finish(output);
            return Encoding.ASCII.GetString(output.WrittenSpan) == Oracle(text);
        });

    /// <summary>The same, slow and obvious: all at once, by lines and a regular expression.</summary>
    private static string Oracle(string text)
    {
        string lines = text.Replace("\r\n", "\n", StringComparison.Ordinal);
        if (lines.Length > 0 && !lines.EndsWith('\n'))
        {
            lines += "\n";
        }

        return System.Text.RegularExpressions.Regex.Replace(lines, "(?<=^|\n)(>*From )", ">$1");
    }

    private static SmtpServer Start(IMessageSink sink)
    {
        var server = new SmtpServer(new SmtpServerOptions
        {
            Listeners = [new SmtpListenerOptions { EndPoint = new IPEndPoint(IPAddress.Loopback, 0) }],
            MessageSink = sink,
        });
        server.Start();
        return server;
    }

    private static ValueTask<SmtpConnection> ConnectAsync(SmtpServer server) => SmtpConnection.ConnectAsync(
        new SmtpConnectionOptions { Host = "127.0.0.1", Port = ((IPEndPoint)server.EndPoints[0]).Port, Tls = SmtpTlsMode.None }, Token);

    private static SmtpMessage Message(params string[] to) => new("you@example.com", to, Encoding.ASCII.GetBytes(Letter.Text));

    private sealed class BreakingStream : MemoryStream
    {
        private int _reads;

        public override bool CanSeek => false;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (_reads++ > 3)
            {
                throw new InvalidDataException("The disk has failed.");
            }

            buffer.Span.Fill((byte)'x');
            return ValueTask.FromResult(buffer.Length);
        }
    }
}
