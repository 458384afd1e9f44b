using System.Buffers;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;

namespace Smtp.Core.Tests.Client;

public sealed class ReplyReaderTests
{
    public static TheoryData<string, string> Good => new()
    {
        { "250 OK\r\n", "250 OK" },
        { "250\r\n", "250" },
        { "250 \r\n", "250" },
        { "250-first\r\n250 last\r\n", "250 first / last" },
        { "250-first\r\n250\r\n", "250 first" },
        { "250-\r\n250-\r\n250 x\r\n", "250 x" },
        { "354 go\r\n421 later\r\n", "354 go|421 later" },
        { "220 mx.example ESMTP \x1b[31m\0\r\n", "220 mx.example ESMTP ?[31m?" },
        { "550 5.1.1 unbekannt: J\u00fcrgen\r\n", "550 5.1.1 unbekannt: J\u00fcrgen" },
    };

    public static TheoryData<string, PeerViolation> Bad => new()
    {
        { "\r\n", PeerViolation.MalformedReply },
        { "25\r\n", PeerViolation.MalformedReply },
        { "2500 OK\r\n", PeerViolation.MalformedReply },
        { "250OK\r\n", PeerViolation.MalformedReply },
        { "250\tOK\r\n", PeerViolation.MalformedReply },
        { "150 OK\r\n", PeerViolation.MalformedReply },
        { "650 OK\r\n", PeerViolation.MalformedReply },
        { "2x0 OK\r\n", PeerViolation.MalformedReply },
        { " 250 OK\r\n", PeerViolation.MalformedReply },
        { "HTTP/1.1 400 Bad Request\r\n", PeerViolation.MalformedReply },
        { "250 one\n250 two\r\n", PeerViolation.BareLineEnding },
        { "250 one\rtwo\r\n", PeerViolation.BareLineEnding },
        { "250-one\r\n251 two\r\n", PeerViolation.CodeMismatch },
        { "250-one\r\n550 two\r\n", PeerViolation.CodeMismatch },
    };

    [Theory]
    [MemberData(nameof(Good))]
    public void A_reply_is_read_at_every_split(string wire, string expected)
    {
        byte[] octets = Encoding.UTF8.GetBytes(wire);
        for (int split = 0; split <= octets.Length; split++)
        {
            Assert.Equal(expected, Read(octets, split).Text);
        }

        Assert.Equal(expected, ReadOctetByOctet(octets).Text);
    }

    [Theory]
    [MemberData(nameof(Bad))]
    public void What_is_no_reply_is_named_at_every_split(string wire, PeerViolation expected)
    {
        byte[] octets = Encoding.UTF8.GetBytes(wire);
        for (int split = 0; split <= octets.Length; split++)
        {
            Assert.Equal(expected, Read(octets, split).Violation);
        }

        Assert.Equal(expected, ReadOctetByOctet(octets).Violation);
    }

    [Fact]
    public void A_line_may_have_2048_octets_and_no_more()
    {
        Assert.Equal(PeerViolation.None, Read(Encoding.ASCII.GetBytes("250 " + new string('x', 2042) + "\r\n"), 0).Violation);
        Assert.Equal(PeerViolation.LineTooLong, Read(Encoding.ASCII.GetBytes("250 " + new string('x', 2043) + "\r\n"), 0).Violation);
        Assert.Equal(PeerViolation.LineTooLong, Read(Encoding.ASCII.GetBytes(new string('2', 1_000_000)), 0).Violation);
    }

    [Fact]
    public void A_reply_may_have_100_lines_and_no_more()
    {
        string line = "250-x\r\n";
        Assert.Equal(PeerViolation.None, Read(Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat(line, 99)) + "250 x\r\n"), 0).Violation);
        Assert.Equal(PeerViolation.TooManyLines, Read(Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat(line, 101))), 0).Violation);
    }

    [Fact]
    public void A_reply_may_have_32_KiB_and_no_more()
    {
        string line = "250-" + new string('x', 1018) + "\r\n";
        Assert.Equal(PeerViolation.None, Read(Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat(line, 31)) + "250 x\r\n"), 0).Violation);
        Assert.Equal(PeerViolation.ReplyTooLong, Read(Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat(line, 33))), 0).Violation);
    }

    [Fact]
    public void A_challenge_line_may_be_longer()
    {
        byte[] octets = Encoding.ASCII.GetBytes("334 " + new string('x', 12_000) + "\r\n");
        var input = new ReadOnlySequence<byte>(octets);
        Assert.Equal(ReplyReadStatus.Reply, new ReplyReader().Read(ref input, ReplyReader.MaximumChallengeLength, out _));
    }

    [Fact]
    public void A_violation_stays()
    {
        var reader = new ReplyReader();
        var input = new ReadOnlySequence<byte>("junk\r\n250 OK\r\n"u8.ToArray());
        Assert.Equal(ReplyReadStatus.Violation, reader.Read(ref input, 2048, out _));
        Assert.Equal(ReplyReadStatus.Violation, reader.Read(ref input, 2048, out _));
        reader.Reset();
        Assert.Equal(ReplyReadStatus.Reply, reader.Read(ref input, 2048, out ReceivedReply reply));
        Assert.Equal(250, reply.Code);
    }

    [Fact]
    public void Code_status_and_text_are_told_apart()
    {
        ReceivedReply reply = ReadOne("550-5.1.1 No such user\r\n550 5.1.1 Ask the postmaster\r\n");
        Assert.Equal(550, reply.Code);
        Assert.Equal(ReplyClass.PermanentFailure, reply.Class);
        Assert.False(reply.IsPositive);
        Assert.Equal(new EnhancedStatus(5, 1, 1), reply.Status);
        Assert.Equal("No such user\nAsk the postmaster", reply.GetText());
        Assert.Equal("550 5.1.1 No such user / 5.1.1 Ask the postmaster", reply.ToString());
    }

    [Theory]
    [InlineData("250 5.1.1 contradicts\r\n", "5.1.1 contradicts")]
    [InlineData("450 no status\r\n", "no status")]
    [InlineData("250\r\n", "")]
    [InlineData("250 2.0.0\u20000\r\n", "2.0.0\u20000")]
    public void A_status_that_is_none_is_text(string wire, string text)
    {
        ReceivedReply reply = ReadOne(wire);
        Assert.True(reply.Status.IsNone);
        Assert.Equal(text, reply.GetText());
    }

    [Fact]
    public void No_reply_is_no_reply()
    {
        ReceivedReply none = default;
        Assert.True(none.IsNone);
        Assert.Equal(0, none.Code);
        Assert.Equal(ReplyClass.None, none.Class);
        Assert.False(none.IsPositive);
        Assert.True(none.Status.IsNone);
        Assert.Equal(string.Empty, none.ToString());
        Assert.Equal(string.Empty, none.GetText());
    }

    [Property(MaxTest = 500)]
    public Property Any_octets_in_any_split_are_replies_or_a_violation_as_the_oracle_says()
    {
        Gen<string> piece = Gen.Elements(
            "250", "250 ", "250-", "251-", "550 ", "354 ", "\r\n", "\r\n", "\r\n", "\r", "\n", "x", "5.1.1 ", "\0", "\u00ff", "250 OK\r\n", "250-a\r\n");
        var arbitrary =
            (from pieces in piece.ListOf()
             from cuts in Gen.Choose(0, 200).ListOf()
             select (Wire: string.Concat(pieces), Cuts: cuts)).ToArbitrary();
        return Prop.ForAll(arbitrary, input =>
        {
            byte[] octets = Encoding.Latin1.GetBytes(input.Wire);
            int[] positions = [.. input.Cuts.Where(c => c <= octets.Length).Order()];
            (string Text, PeerViolation Violation) actual = ReadInPieces(octets, positions);
            Assert.Equal(Oracle(input.Wire), actual);
        });
    }

    /// <summary>Slow and obvious: whole lines, one after the other.</summary>
    private static (string Text, PeerViolation Violation) Oracle(string wire)
    {
        var replies = new List<string>();
        var open = new List<string>();
        while (true)
        {
            int end = wire.IndexOfAny(['\r', '\n']);
            if (end < 0 || (wire[end] == '\r' && end + 1 == wire.Length))
            {
                return (string.Join('|', replies), PeerViolation.None);
            }

            if (wire[end] == '\n' || wire[end + 1] != '\n')
            {
                return (string.Join('|', replies), PeerViolation.BareLineEnding);
            }

            string line = wire[..end];
            wire = wire[(end + 2)..];
            if (!System.Text.RegularExpressions.Regex.IsMatch(line, "^[2-5][0-9][0-9]($|[ -])"))
            {
                return (string.Join('|', replies), PeerViolation.MalformedReply);
            }

            if (open.Count > 0 && open[0][..3] != line[..3])
            {
                return (string.Join('|', replies), PeerViolation.CodeMismatch);
            }

            open.Add(line);
            if (line.Length == 3 || line[3] == ' ')
            {
                string[] texts = [.. open.Where(l => l.Length > 4).Select(l => Printable(l[4..]))];
                replies.Add(line[..3] + (texts.Length > 0 ? " " : "") + string.Join(" / ", texts));
                open.Clear();
            }
        }
    }

    private static string Printable(string latin1) => string.Concat(
        Encoding.UTF8.GetString(Encoding.Latin1.GetBytes(latin1)).Select(c => char.IsControl(c) ? '?' : c));

    private static ReceivedReply ReadOne(string wire)
    {
        var input = new ReadOnlySequence<byte>(Encoding.UTF8.GetBytes(wire));
        Assert.Equal(ReplyReadStatus.Reply, new ReplyReader().Read(ref input, ReplyReader.MaximumLineLength, out ReceivedReply reply));
        Assert.True(input.IsEmpty);
        return reply;
    }

    /// <summary>Reads two segments as one input.</summary>
    private static (string Text, PeerViolation Violation) Read(byte[] octets, int split) =>
        ReadAll(new ReplyReader(), Segments.Split(octets, split), [], out _);

    private static (string Text, PeerViolation Violation) ReadOctetByOctet(byte[] octets) =>
        ReadInPieces(octets, [.. Enumerable.Range(0, octets.Length)]);

    /// <summary>Gives the octets piece by piece, each with what was left of those before.</summary>
    private static (string Text, PeerViolation Violation) ReadInPieces(byte[] octets, int[] positions)
    {
        var reader = new ReplyReader();
        var texts = new List<string>();
        byte[] left = [];
        int start = 0;
        (string Text, PeerViolation Violation) result = default;
        foreach (int position in positions.Append(octets.Length))
        {
            byte[] input = [.. left, .. octets[start..position]];
            start = position;
            result = ReadAll(reader, new ReadOnlySequence<byte>(input), texts, out left);
        }

        return result;
    }

    private static (string Text, PeerViolation Violation) ReadAll(ReplyReader reader, ReadOnlySequence<byte> input, List<string> texts, out byte[] left)
    {
        while (true)
        {
            ReplyReadStatus status = reader.Read(ref input, ReplyReader.MaximumLineLength, out ReceivedReply reply);
            if (status != ReplyReadStatus.Reply)
            {
                left = input.ToArray();
                return (string.Join('|', texts), reader.Violation);
            }

            texts.Add(reply.ToString());
        }
    }
}
