using System.Buffers;
using System.Reflection;
using System.Text.RegularExpressions;

namespace Smtp.Core.Tests;

public partial class SmtpReplyTests
{
    [Theory]
    [InlineData(250, "OK", "250 OK\r\n")]
    [InlineData(250, "", "250 \r\n")]
    [InlineData(354, "Go on", "354 Go on\r\n")]
    [InlineData(550, "a\r\nb", "550-a\r\n550 b\r\n")]
    [InlineData(550, "a\nb\rc", "550-a\r\n550-b\r\n550 c\r\n")]
    [InlineData(421, "a\r\n\r\nb", "421-a\r\n421-\r\n421 b\r\n")]
    public void Lines_become_reply_lines(int code, string text, string wire) =>
        Assert.Equal(wire, Wire.Decode(SmtpReply.Create(code, text).Wire));

    [Fact]
    public void The_status_stands_in_each_line()
    {
        SmtpReply reply = SmtpReply.Create(550, new EnhancedStatus(5, 7, 1), "a\nb");
        Assert.Equal("550-5.7.1 a\r\n550 5.7.1 b\r\n", Wire.Decode(reply.Wire));
        Assert.Equal(550, reply.Code);
        Assert.Equal(ReplyClass.PermanentFailure, reply.Class);
        Assert.Equal(new EnhancedStatus(5, 7, 1), reply.Status);
        Assert.False(reply.IsPositive);
        Assert.Equal("550-5.7.1 a\r\n550 5.7.1 b", reply.ToString());
    }

    [Theory]
    [InlineData("x\r\n250 OK", "550-5.7.1 x\r\n550 5.7.1 250 OK\r\n")]
    [InlineData("a\0b\tc\x7F", "550 5.7.1 a?b?c?\r\n")]
    [InlineData("caf\u00E9 \u7528", "550 5.7.1 caf? ?\r\n")]
    [InlineData("a\vb", "550 5.7.1 a?b\r\n")]
    [InlineData("a\u0085b", "550-5.7.1 a\r\n550 5.7.1 b\r\n")]
    [InlineData("a\u2028b\u2029c", "550-5.7.1 a\r\n550-5.7.1 b\r\n550 5.7.1 c\r\n")]
    // U+010A and U+010D end in the octets of LF and CR.
    [InlineData("a\u010A\u010Db", "550 5.7.1 a??b\r\n")]
    public void Text_of_a_peer_cannot_break_the_reply(string text, string wire) =>
        Assert.Equal(wire, Wire.Decode(SmtpReply.Create(550, new EnhancedStatus(5, 7, 1), text).Wire));

    [Theory]
    [InlineData(1, 0, 1)]
    [InlineData(1, 1, 2)]
    [InlineData(2, 0, 2)]
    [InlineData(2, 1, 3)]
    public void Lines_wrap_at_512_octets(int fullLines, int more, int lines)
    {
        Check(status: default, "");
        Check(new EnhancedStatus(5, 7, 1), "5.7.1 ");
        Check(new EnhancedStatus(5, 999, 999), "5.999.999 ");

        void Check(EnhancedStatus status, string prefix)
        {
            int length = (fullLines * (SmtpReply.MaximumLineLength - "550 \r\n".Length - prefix.Length)) + more;
            string[] wire = Wire.Decode(SmtpReply.Create(550, status, new string('x', length)).Wire).Split("\r\n");
            Assert.Equal(lines + 1, wire.Length);
            Assert.All(wire[..fullLines], line => Assert.Equal(SmtpReply.MaximumLineLength, line.Length + 2));
            Assert.All(wire[..^2], line => Assert.StartsWith("550-" + prefix, line, StringComparison.Ordinal));
            Assert.StartsWith("550 " + prefix, wire[^2], StringComparison.Ordinal);
            Assert.Equal(length, wire.Sum(line => line.Count(c => c == 'x')));
        }
    }

    [Fact]
    public void A_reply_has_64_lines_at_most()
    {
        foreach (string text in (string[])[string.Join('\n', Enumerable.Range(0, 1000)), new string('x', 1_000_000)])
        {
            string[] wire = Wire.Decode(SmtpReply.Create(250, text).Wire).Split("\r\n");
            Assert.Equal(65, wire.Length);
            Assert.StartsWith("250-", wire[62], StringComparison.Ordinal);
            Assert.StartsWith("250 ", wire[63], StringComparison.Ordinal);
            Assert.Equal("", wire[64]);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-250)]
    [InlineData(25)]
    [InlineData(100)]
    [InlineData(199)]
    [InlineData(260)]
    [InlineData(599)]
    [InlineData(600)]
    [InlineData(2500)]
    public void A_code_out_of_range_is_misuse(int code) => Assert.Throws<ArgumentOutOfRangeException>(() => SmtpReply.Create(code, "x"));

    [Theory]
    [InlineData(250, 5, 0, 0)]
    [InlineData(550, 4, 0, 0)]
    [InlineData(451, 2, 0, 0)]
    [InlineData(354, 2, 0, 0)]
    [InlineData(354, 3, 0, 0)]
    [InlineData(550, 5, 1000, 0)]
    [InlineData(550, 5, 0, 1000)]
    public void A_status_that_does_not_go_with_the_code_is_misuse(int code, byte @class, ushort subject, ushort detail) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => SmtpReply.Create(code, new EnhancedStatus(@class, subject, detail), "x"));

    [Fact]
    public void No_text_is_misuse() => Assert.Throws<ArgumentNullException>(() => SmtpReply.Create(250, null!));

    [Fact]
    public void The_default_is_no_reply_and_no_refusal()
    {
        SmtpReply reply = default;
        Assert.True(reply.IsNone);
        Assert.True(reply.IsPositive);
        Assert.Equal(0, reply.Code);
        Assert.Equal(ReplyClass.None, reply.Class);
        Assert.Equal(EnhancedStatus.None, reply.Status);
        Assert.True(reply.Wire.IsEmpty);
        Assert.Equal("", reply.ToString());
        Assert.NotEqual(Replies.Ok, reply);
    }

    [Fact]
    public void Equality_is_that_of_the_octets()
    {
        SmtpReply same = SmtpReply.Create(250, new EnhancedStatus(2, 0, 0), "OK");
        Assert.True(same == Replies.Ok);
        Assert.Equal(Replies.Ok.GetHashCode(), same.GetHashCode());
        Assert.True(same != Replies.SenderOk);
        Assert.False(same.Equals((object)"250 2.0.0 OK"));
    }

    [Fact]
    public void The_wire_is_what_is_written()
    {
        var output = new ArrayBufferWriter<byte>();
        Replies.Help.WriteTo(output);
        Replies.Ok.WriteTo(output);
        Assert.Equal(Wire.Decode(Replies.Help.Wire) + "250 2.0.0 OK\r\n", Wire.Decode(output.WrittenSpan));
        Assert.Throws<ArgumentNullException>(() => Replies.Ok.WriteTo(null!));
    }

    public static TheoryData<string> Catalogue =>
    [
        .. typeof(Replies).GetFields(BindingFlags.Public | BindingFlags.Static)
            .Where(reply => reply.FieldType == typeof(SmtpReply))
            .Select(reply => reply.Name),
    ];

    [Theory]
    [MemberData(nameof(Catalogue))]
    public void Each_reply_of_the_catalogue_is_well_formed(string name)
    {
        var reply = (SmtpReply)typeof(Replies).GetField(name)!.GetValue(null)!;
        string wire = Wire.Decode(reply.Wire);
        Assert.Matches(WellFormed(), wire);
        Assert.All(wire.Split("\r\n"), line => Assert.InRange(line.Length, 0, SmtpReply.MaximumLineLength - 2));

        // Create makes the same of its parts; RFC 2034 §4: all but 3yz carry a status, of the code's class.
        Assert.Equal(reply.Class == ReplyClass.Intermediate, reply.Status.IsNone);
        string prefix = reply.Status.IsNone ? "" : reply.Status + " ";
        IEnumerable<string> lines = wire.Split("\r\n", StringSplitOptions.RemoveEmptyEntries).Select(line => line[(4 + prefix.Length)..]);
        Assert.Equal(reply, SmtpReply.Create(reply.Code, reply.Status, string.Join('\n', lines)));
    }

    // RFC 5321 §4.2: the same code in all lines, a hyphen in all but the last.
    [GeneratedRegex(@"\A(?<code>[2-5][0-5][0-9])(?:-[\x20-\x7E]*\r\n\k<code>)* [\x20-\x7E]+\r\n\z")]
    private static partial Regex WellFormed();
}
