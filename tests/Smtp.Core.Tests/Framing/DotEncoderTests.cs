using System.Buffers;

namespace Smtp.Core.Tests;

public class DotEncoderTests
{
    [Theory]
    [Splits("", ".\r\n")]
    [Splits("\r\n", "\r\n.\r\n")]
    [Splits("a\r\n", "a\r\n.\r\n")]
    [Splits("a", "a\r\n.\r\n")]
    [Splits(".", "..\r\n.\r\n")]
    [Splits(".\r\n", "..\r\n.\r\n")]
    [Splits("..\r\n", "...\r\n.\r\n")]
    [Splits("a\r\n.b\r\n.\r\n..\r\n", "a\r\n..b\r\n..\r\n...\r\n.\r\n")]
    [Splits("a.b.\r\n", "a.b.\r\n.\r\n")]
    [Splits("\0\x80\xFF\r\n", "\0\x80\xFF\r\n.\r\n")]
    public void A_line_that_starts_with_a_dot_gets_one_more(Wire wire, string expected) =>
        Assert.Equal(new BodyTrace(expected, "", Ended: true, SawBareLineEnding: false), BodyTrace.Encode(wire));

    // What a laxer receiver could take for an end of data is made a stuffed line of ours.
    [Theory]
    [Splits("a\nb", "a\r\nb\r\n.\r\n")]
    [Splits("a\rb", "a\r\nb\r\n.\r\n")]
    [Splits("a\n", "a\r\n.\r\n")]
    [Splits("\n", "\r\n.\r\n")]
    [Splits("\n.", "\r\n..\r\n.\r\n")]
    [Splits("\r.", "\r\n..\r\n.\r\n")]
    [Splits("a\n.\nX\r\n", "a\r\n..\r\nX\r\n.\r\n")]
    [Splits("a\n.\rX\r\n", "a\r\n..\r\nX\r\n.\r\n")]
    [Splits("a\r.\nX\r\n", "a\r\n..\r\nX\r\n.\r\n")]
    [Splits("a\r.\rX\r\n", "a\r\n..\r\nX\r\n.\r\n")]
    [Splits("a\n.\r\nX\r\n", "a\r\n..\r\nX\r\n.\r\n")]
    [Splits("a\r.\r\nX\r\n", "a\r\n..\r\nX\r\n.\r\n")]
    [Splits("a\r\n.\r\r\nX\r\n", "a\r\n..\r\n\r\nX\r\n.\r\n")]
    [Splits("a\r\r\n.\r\r\nX\r\n", "a\r\n\r\n..\r\n\r\nX\r\n.\r\n")]
    [Splits("a\n\r.\n\rX\r\n", "a\r\n\r\n..\r\n\r\nX\r\n.\r\n")]
    [Splits("\r\r\r\n\n", "\r\n\r\n\r\n\r\n.\r\n")]
    public void A_lone_cr_or_lf_becomes_a_crlf(Wire wire, string expected) =>
        Assert.Equal(new BodyTrace(expected, "", Ended: true, SawBareLineEnding: true), BodyTrace.Encode(wire));

    // Whether a last CR is alone is known only when there is nothing more: the terminator completes it.
    [Theory]
    [Splits("a\r", "a\r\n.\r\n")]
    [Splits("\r", "\r\n.\r\n")]
    public void A_last_cr_is_completed_by_the_terminator(Wire wire, string expected) => Assert.Equal(expected, BodyTrace.Encode(wire).Text);

    [Theory]
    [Splits("a\r\n\0.\r\nX\r\n")]
    [Splits("a\r\n .\r\nX\r\n")]
    [Splits("a\v.\vX\f.\f\r\n")]
    [Splits("a\x85.\x85X\xC2\x85.\xC2\x85\xE2\x80\xA8.\xE2\x80\xA8\r\n")]
    [Splits("a\x8D\x8A.\x8D\x8AX\r\n\xAE\r\n")]
    public void What_no_standard_calls_a_line_ending_is_none(Wire wire) =>
        Assert.Equal(new BodyTrace(Wire.Decode(wire.Octets) + ".\r\n", "", Ended: true, SawBareLineEnding: false), BodyTrace.Encode(wire));

    [Fact]
    public void Reset_starts_over()
    {
        var encoder = default(DotEncoder);
        var content = new ReadOnlySequence<byte>("a\nb"u8.ToArray());
        while (encoder.Read(ref content, out _) == BodyStatus.Chunk)
        {
        }

        Assert.True(encoder.SawBareLineEnding);
        encoder.Reset();
        Assert.False(encoder.SawBareLineEnding);
        Assert.Equal(".\r\n", Wire.Decode(encoder.Terminator));
    }

    [Fact]
    public void Encoding_allocates_nothing()
    {
        var whole = new ReadOnlySequence<byte>("Subject: x\r\n\r\n.dot\r\nlone\nlone\rend"u8.ToArray());
        ReadOnlySequence<byte> pieces = OctetSegment.Sequence(
            ["Subject: x\r"u8.ToArray(), "\n"u8.ToArray(), ".dot\r\n"u8.ToArray(), "."u8.ToArray()]);
        int octets = 0;
        Assert.Equal(0, Allocations.Of(() =>
        {
            octets += Length(whole);
            octets += Length(pieces);
        }));
        Assert.Equal(200 * (41 + 26), octets);

        static int Length(ReadOnlySequence<byte> content)
        {
            var encoder = default(DotEncoder);
            int length = 0;
            while (encoder.Read(ref content, out ReadOnlyMemory<byte> chunk) == BodyStatus.Chunk)
            {
                length += chunk.Length;
            }

            return length + encoder.Terminator.Length;
        }
    }
}
