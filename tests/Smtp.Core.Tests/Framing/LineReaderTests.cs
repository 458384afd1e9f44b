using System.Buffers;

namespace Smtp.Core.Tests;

public class LineReaderTests
{
    [Theory]
    [Splits("", "")]
    [Splits("NOOP\r\n", "[NOOP]")]
    [Splits("\r\n", "[]")]
    [Splits("\r\n\r\nA\r\n", "[][][A]")]
    [Splits("MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n", "[MAIL FROM:<a@b>][RCPT TO:<c@d>][DATA]")]
    [Splits("a\0b\x80\xFF\r\n", "[a\0b\x80\xFF]")]
    public void Crlf_ends_a_line(Wire wire, string expected) => Assert.Equal(expected, LineTrace.Of(wire, 40));

    [Theory]
    [Splits("NO", "", "NO")]
    [Splits("NOOP\r", "", "NOOP\r")]
    [Splits("\r", "", "\r")]
    [Splits("QUIT\r\nNO", "[QUIT]", "NO")]
    [Splits("QUIT\r\n\r", "[QUIT]", "\r")]
    public void A_partial_line_stays_unread(Wire wire, string expected, string unread)
    {
        Assert.Equal(expected, LineTrace.Of(wire, 40, out string left, out bool swallowing));
        Assert.Equal(unread, left);
        Assert.False(swallowing);
    }

    // The limit of 8 counts the CRLF: six octets of text fit, seven do not.
    [Theory]
    [Splits("123456\r\n", "[123456]")]
    [Splits("1234567\r\n", "TooLong")]
    [Splits("1234567\r\nNOOP\r\n", "TooLong[NOOP]")]
    [Splits("123456789012345678901234567890\r\n123456\r\n", "TooLong[123456]")]
    [Splits("1234567\r\n1234567\r\n\r\n", "TooLongTooLong[]")]
    [Splits("1234567\n1234567\rRSET\r\nNOOP\r\n", "TooLong[NOOP]")]
    [Splits("1234567\r\r\nNOOP\r\n", "TooLong[NOOP]")]
    public void A_line_over_the_limit_is_refused_once_and_swallowed(Wire wire, string expected) =>
        Assert.Equal(expected, LineTrace.Of(wire, 8));

    [Theory]
    [Splits("123456\r", "", "123456\r", false)]
    [Splits("1234567", "TooLong", "", true)]
    [Splits("1234567\r", "TooLong", "", true)]
    [Splits("1234567\n", "TooLong", "", true)]
    [Splits("123\n", "BareLineEnding", "", true)]
    [Splits("123\r4", "BareLineEnding", "", true)]
    [Splits("123\n\r\n", "BareLineEnding", "", false)]
    public void What_is_refused_is_not_kept(Wire wire, string expected, string unread, bool stillSwallowing)
    {
        Assert.Equal(expected, LineTrace.Of(wire, 8, out string left, out bool swallowing));
        Assert.Equal(unread, left);
        Assert.Equal(stillSwallowing, swallowing);
    }

    [Theory]
    [Splits("NOOP\nQUIT\r\n", "BareLineEnding")]
    [Splits("NOOP\rQUIT\r\n", "BareLineEnding")]
    [Splits("\nQUIT\r\nNOOP\r\n", "BareLineEnding[NOOP]")]
    [Splits("\rQUIT\r\nNOOP\r\n", "BareLineEnding[NOOP]")]
    [Splits("a\n\rb\r\nNOOP\r\n", "BareLineEnding[NOOP]")]
    [Splits("a\r\r\nNOOP\r\n", "BareLineEnding[NOOP]")]
    [Splits("a\n\r\nNOOP\r\n", "BareLineEnding[NOOP]")]
    [Splits("a\n\n\n\nb\r\n\r\n", "BareLineEnding[]")]
    [Splits("MAIL FROM:<a\rRSET\r>\r\nDATA\r\n", "BareLineEnding[DATA]")]
    [Splits("a\nb\rc\nRSET\r\nNOOP\r\n", "BareLineEnding[NOOP]")]
    [Splits("a\nb\r\nc\rd\r\nNOOP\r\n", "BareLineEndingBareLineEnding[NOOP]")]
    public void A_lone_cr_or_lf_refuses_its_line_and_runs_nothing_behind_it(Wire wire, string expected) =>
        Assert.Equal(expected, LineTrace.Of(wire, 40));

    [Fact]
    public void The_limit_is_the_one_of_each_call()
    {
        var reader = default(LineReader);
        var input = new ReadOnlySequence<byte>("123456789\r\n"u8.ToArray());
        Assert.Equal(LineStatus.NeedInput, ReadPart(ref reader, input.Slice(0, 9), 11));
        Assert.Equal(LineStatus.TooLong, ReadPart(ref reader, input, 10));
        Assert.False(reader.IsSwallowing);
        Assert.Equal(LineStatus.Line, ReadPart(ref reader, input, 11));

        static LineStatus ReadPart(ref LineReader reader, ReadOnlySequence<byte> input, int limit) => reader.Read(ref input, limit, out _);
    }

    [Fact]
    public void Reset_ends_swallowing()
    {
        var reader = default(LineReader);
        var input = new ReadOnlySequence<byte>("a\nb"u8.ToArray());
        Assert.Equal(LineStatus.BareLineEnding, reader.Read(ref input, 40, out _));
        Assert.True(reader.IsSwallowing);

        reader.Reset();
        input = new ReadOnlySequence<byte>("NOOP\r\n"u8.ToArray());
        Assert.False(reader.IsSwallowing);
        Assert.Equal(LineStatus.Line, reader.Read(ref input, 40, out ReadOnlySpan<byte> line));
        Assert.Equal("NOOP", Wire.Decode(line));
    }

    [Fact]
    public void A_straddling_line_survives_the_next_reads_input()
    {
        var reader = default(LineReader);
        byte[] head = "AUTH PLA"u8.ToArray();
        ReadOnlySequence<byte> input = OctetSegment.Sequence([head, "IN\r\n"u8.ToArray()]);
        Assert.Equal(LineStatus.Line, reader.Read(ref input, 40, out ReadOnlySpan<byte> line));
        head.AsSpan().Clear();
        Assert.Equal("AUTH PLAIN", Wire.Decode(line));
        reader.ReleaseScratch();
        reader.ReleaseScratch();
    }

    [Fact]
    public void Straddling_lines_of_any_length_follow_each_other()
    {
        var reader = default(LineReader);
        foreach (int length in (int[])[3, 1000, 20, 4000, 4001])
        {
            string text = new('x', length);
            ReadOnlySequence<byte> input = OctetSegment.Sequence([Wire.Encode(text[..2]), Wire.Encode(text[2..] + "\r\n")]);
            Assert.Equal(LineStatus.Line, reader.Read(ref input, 8192, out ReadOnlySpan<byte> line));
            Assert.Equal(text, Wire.Decode(line));
        }

        reader.ReleaseScratch();
    }

    [Fact]
    public void Lines_allocate_nothing()
    {
        var reader = default(LineReader);
        var whole = new ReadOnlySequence<byte>("MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nbad\nline\r\nNOOP\r\n"u8.ToArray());
        ReadOnlySequence<byte> straddling = OctetSegment.Sequence(
            ["MAIL FROM:<a@b"u8.ToArray(), ".example>\r"u8.ToArray(), "\nNOOP\r\n"u8.ToArray()]);
        int lines = 0;

        long allocated = Allocations.Of(() =>
        {
            ReadOnlySequence<byte> input = whole;
            while (reader.Read(ref input, 512, out _) != LineStatus.NeedInput)
            {
                lines++;
            }

            input = straddling;
            while (reader.Read(ref input, 512, out _) != LineStatus.NeedInput)
            {
                lines++;
            }

            reader.ReleaseScratch();
        });

        Assert.Equal(0, allocated);
        Assert.Equal(6 * 200, lines);
    }
}
