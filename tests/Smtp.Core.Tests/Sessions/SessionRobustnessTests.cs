using System.Buffers;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;

namespace Smtp.Core.Tests;

/// <summary>Octets of any kind and amount: no exception, no endless loop, bounded output and memory. The driver checks each effect.</summary>
public class SessionRobustnessTests
{
    private const int Megabyte = 1024 * 1024;

    private static readonly ServerProfile Profile = new(new ServerProfileOptions
    {
        HostName = "mx.example.org",
        Extensions = (SmtpExtensions)~0,
        AuthenticationMechanisms = ["PLAIN", "LOGIN", "SCRAM-SHA-256", "OAUTHBEARER", "XOAUTH2", "EXTERNAL"],
        AllowPlaintextAuthentication = true,
        LongLines = ContentPolicy.Reject,
    });

    private static readonly string[] Seeds =
    [
        "EHLO c\r\n", "HELO c\r\n", "LHLO c\r\n", "MAIL FROM:<a@b.c>\r\n", "MAIL FROM:<a@b.c> SIZE=1 BODY=BINARYMIME\r\n",
        "RCPT TO:<d@e.f>\r\n", "DATA\r\n", "BDAT 5\r\nabcde", "BDAT 0 LAST\r\n", "BDAT 18446744073709551617\r\n", "RSET\r\n",
        "NOOP\r\n", "VRFY a\r\n", "HELP\r\n", "EXPN a\r\n", "STARTTLS\r\n", "AUTH PLAIN AGFsaWNlAHNlY3JldA==\r\n", "AUTH LOGIN\r\n",
        "AUTH SCRAM-SHA-256\r\n", "AUTH SCRAM-SHA-256 biwsbj11c2VyLHI9YWJj\r\n",
        "AUTH OAUTHBEARER bixhPWEsAWF1dGg9QmVhcmVyIHgBAQ==\r\n", "AQ==\r\n", "*\r\n", "=\r\n", "AAAA\r\n", "\r\n.\r\n", ".\r\n",
        "..x\r\n", "\r", "\n", "\r\n", "\0", "GET / HTTP/1.1\r\n",
    ];

    [Property(MaxTest = 3000, Arbitrary = [typeof(WireArbitrary)])]
    public void Any_octets_are_survived(Wire wire) => Play(wire);

    [Property(MaxTest = 5000)]
    public Property Mutated_commands_are_survived() => Prop.ForAll(Arb.From(Mutated), Play);

    [Fact]
    public void A_line_of_10_MB_gets_one_reply_in_constant_memory()
    {
        SessionDriver driver = Open();
        byte[] piece = new byte[16 * 1024];
        Array.Fill(piece, (byte)'x');
        int said = driver.Output.Length;
        long allocated = AllocatedBy(() => Repeat(driver.Session, piece, 10 * Megabyte / piece.Length));
        Assert.True(allocated < 64 * 1024, $"{allocated} octets allocated");
        driver.Receive("\r\nNOOP\r\n"u8);
        Assert.Equal(said, driver.Output.Length - "250 2.0.0 OK\r\n".Length);
    }

    [Fact]
    public void A_refused_body_of_100_MB_is_read_in_constant_memory()
    {
        SessionDriver driver = Open();
        driver.Receive("MAIL FROM:<a@example.net>\r\nRCPT TO:<b@example.org>\r\nDATA\r\na\nb\r\n"u8);
        byte[] piece = Wire.Encode(string.Concat(Enumerable.Repeat("..a line of text, and of NOOP\r\n", 1000)));
        long allocated = AllocatedBy(() => Repeat(driver.Session, piece, 100 * Megabyte / piece.Length));
        Assert.True(allocated < 64 * 1024, $"{allocated} octets allocated");
        Assert.Equal(ServerPhase.Body, driver.Session.Phase);
        driver.Receive(".\r\n"u8);
        Assert.EndsWith(
            "354 Start mail input; end with <CRLF>.<CRLF>\r\n550 5.6.0 Message refused: a CR or LF stood alone\r\n",
            driver.Output,
            StringComparison.Ordinal);
        Assert.Empty(driver.Messages);
    }

    [Fact]
    public void A_refused_chunk_of_100_MB_is_read_in_constant_memory()
    {
        SessionDriver driver = Open();
        byte[] piece = Wire.Encode(string.Concat(Enumerable.Repeat("QUIT\r\nNOOP", 1024)));
        int count = 100 * Megabyte / piece.Length;
        driver.Receive(Wire.Encode($"BDAT {(count * piece.Length) + 1}\r\n"));
        long allocated = AllocatedBy(() => Repeat(driver.Session, piece, count));
        Assert.True(allocated < 64 * 1024, $"{allocated} octets allocated");
        driver.Receive("xNOOP\r\n"u8);
        Assert.EndsWith("503 5.5.1 Send MAIL first\r\n250 2.0.0 OK\r\n", driver.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Replies_to_a_large_packet_of_commands_are_flushed_in_between()
    {
        var limits = new SmtpLimits { MaximumUnproductiveCommands = int.MaxValue };
        var session = new ServerSession(new ServerProfile(new ServerProfileOptions { Limits = limits }));
        var output = new ArrayBufferWriter<byte>();
        var input = new ReadOnlySequence<byte>(Wire.Encode(string.Concat(Enumerable.Repeat("HELP\r\n", 10_000))));
        Assert.Equal(ServerEffect.CheckClient, session.Advance(ref input, output));
        session.Resume(default, output);
        int flushes = 0;
        for (ServerEffect effect; (effect = session.Advance(ref input, output)) != ServerEffect.NeedInput; flushes++)
        {
            Assert.Equal(ServerEffect.Flush, effect);
            Assert.InRange(output.WrittenCount, 1, 17 * 1024);
            output.Clear();
        }

        Assert.True(flushes > 10);
    }

    private static Gen<Wire> Mutated =>
        from items in Gen.Elements(Seeds).ListOf()
        let text = string.Concat(items)
        from edits in Edit.ListOf(2)
        let octets = edits.Aggregate(Wire.Encode(text), Apply)
        from cuts in Gen.Choose(0, octets.Length).ListOf()
        from delivery in Gen.Elements(Delivery.Segments, Delivery.Reads)
        select new Wire(octets, [.. cuts.Order()], delivery);

    private static Gen<(int At, int Octet, int Kind)> Edit =>
        from at in Gen.Choose(0, 1000)
        from octet in Gen.Choose(0, 255)
        from kind in Gen.Choose(0, 3)
        select (at, octet, kind);

    private static byte[] Apply(byte[] octets, (int At, int Octet, int Kind) edit)
    {
        int at = edit.At % (octets.Length + 1);
        return edit.Kind switch
        {
            0 => [.. octets[..at], (byte)edit.Octet, .. octets[at..]],
            1 when at < octets.Length => [.. octets[..at], .. octets[(at + 1)..]],
            2 when at < octets.Length => [.. octets[..at], (byte)edit.Octet, .. octets[(at + 1)..]],
            _ => octets,
        };
    }

    private static void Play(Wire wire)
    {
        var driver = new SessionDriver(Profile, new SessionPolicy());
        wire.Feed(driver.Run);
        if (driver.AwaitsTls)
        {
            driver.ShakeHands();
            wire.Feed(driver.Run);
        }

        // No line has more than one reply, and the longest reply is EHLO's.
        int lines = wire.Octets.Count((byte)'\n') * 2;
        Assert.InRange(driver.Output.Length, 0, (lines + 3) * 400);
        Assert.All(driver.Output.Split("\r\n"), line => Assert.DoesNotContain(line, c => c is < ' ' or > '~'));
    }

    private static SessionDriver Open()
    {
        var driver = new SessionDriver(Profile, new SessionPolicy());
        driver.Receive("EHLO c\r\n"u8);
        return driver;
    }

    private static void Repeat(ServerSession session, byte[] piece, int count)
    {
        var output = new ArrayBufferWriter<byte>();
        for (int i = 0; i < count; i++)
        {
            var input = new ReadOnlySequence<byte>(piece);
            ServerEffect effect;
            while ((effect = session.Advance(ref input, output)) != ServerEffect.NeedInput)
            {
                Assert.Equal(ServerEffect.Flush, effect);
            }

            Assert.True(input.IsEmpty, "What is refused is dropped as it comes.");
        }
    }

    private static long AllocatedBy(Action body)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        body();
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }
}
