using System.Buffers;

namespace Smtp.Core.Tests;

public class DotDecoderTests
{
    [Theory]
    [Splits(".\r\n", "")]
    [Splits("\r\n.\r\n", "\r\n")]
    [Splits("Hello\r\n.\r\n", "Hello\r\n")]
    [Splits("a\r\n\r\nb\r\n.\r\n", "a\r\n\r\nb\r\n")]
    [Splits("..\r\n.\r\n", ".\r\n")]
    [Splits("..a\r\n...\r\n.\r\n", ".a\r\n..\r\n")]
    [Splits(".a\r\n.\r\n", "a\r\n")]
    [Splits("a.\r\nb.c\r\n.\r\n", "a.\r\nb.c\r\n")]
    [Splits("\x80\xFF\0\t\r\n.\r\n", "\x80\xFF\0\t\r\n")]
    public void A_body_ends_at_its_dot_line(Wire wire, string body) =>
        Assert.Equal(new BodyTrace(body, "", Ended: true, SawBareLineEnding: false), BodyTrace.Decode(wire));

    [Theory]
    [Splits(".\r\nQUIT\r\n", "", "QUIT\r\n")]
    [Splits("a\r\n.\r\n.\r\n", "a\r\n", ".\r\n")]
    [Splits("a\r\n.\r\n\r\n", "a\r\n", "\r\n")]
    [Splits("a\r\n.\r\nMAIL FROM:<>\r\n", "a\r\n", "MAIL FROM:<>\r\n")]
    public void What_follows_the_end_stays_unread(Wire wire, string body, string unread) =>
        Assert.Equal(new BodyTrace(body, unread, Ended: true, SawBareLineEnding: false), BodyTrace.Decode(wire));

    [Theory]
    [Splits("", "")]
    [Splits(".", "")]
    [Splits(".\r", "")]
    [Splits("a", "a")]
    [Splits("a\r", "a\r")]
    [Splits("a\r\n", "a\r\n")]
    [Splits("a\r\n.", "a\r\n")]
    [Splits("a\r\n.\r", "a\r\n")]
    [Splits("a\r\n..", "a\r\n.")]
    public void Without_its_end_a_body_goes_on_and_keeps_nothing_back_but_an_undecided_dot(Wire wire, string body) =>
        Assert.Equal(new BodyTrace(body, "", Ended: false, SawBareLineEnding: false), BodyTrace.Decode(wire));

    // Each was the end of data for some server (SEC Consult 2023, the CVEs of Postfix, Sendmail, Exim, and later finds).
    // The smuggled command is body here, and the flag is set wherever a CR or LF stands alone.
    [Theory]
    [Splits("a\n.\nX\r\n.\r\n", "a\r\n.\r\nX\r\n", true)]
    [Splits("a\n.\rX\r\n.\r\n", "a\r\n.\r\nX\r\n", true)]
    [Splits("a\n.\r\nX\r\n.\r\n", "a\r\n.\r\nX\r\n", true)]
    [Splits("a\r.\rX\r\n.\r\n", "a\r\n.\r\nX\r\n", true)]
    [Splits("a\r.\nX\r\n.\r\n", "a\r\n.\r\nX\r\n", true)]
    [Splits("a\r.\r\nX\r\n.\r\n", "a\r\n.\r\nX\r\n", true)]
    [Splits("a\r\n.\nX\r\n.\r\n", "a\r\n\r\nX\r\n", true)]
    [Splits("a\r\n.\rX\r\n.\r\n", "a\r\n\r\nX\r\n", true)]
    [Splits("a\r\n.\r\r\nX\r\n.\r\n", "a\r\n\r\n\r\nX\r\n", true)]
    [Splits("a\r\r\n.\r\r\nX\r\n.\r\n", "a\r\n\r\n\r\n\r\nX\r\n", true)]
    [Splits("a\n\r.\n\rX\r\n.\r\n", "a\r\n\r\n.\r\n\r\nX\r\n", true)]
    [Splits("a\r\n\0.\r\nX\r\n.\r\n", "a\r\n\0.\r\nX\r\n", false)]
    [Splits("a\r\n.\0\r\nX\r\n.\r\n", "a\r\n\0\r\nX\r\n", false)]
    [Splits("a\r\n.\r\0\nX\r\n.\r\n", "a\r\n\r\n\0\r\nX\r\n", true)]
    [Splits("a\r\0\n.\r\nX\r\n.\r\n", "a\r\n\0\r\n.\r\nX\r\n", true)]
    [Splits("a\r\n .\r\nX\r\n.\r\n", "a\r\n .\r\nX\r\n", false)]
    [Splits("a\r\n. \r\nX\r\n.\r\n", "a\r\n \r\nX\r\n", false)]
    [Splits("a\r\n\t.\r\nX\r\n.\r\n", "a\r\n\t.\r\nX\r\n", false)]
    [Splits("a\r\n.\t\r\nX\r\n.\r\n", "a\r\n\t\r\nX\r\n", false)]
    [Splits("a\v.\vX\r\n.\r\n", "a\v.\vX\r\n", false)]
    [Splits("a\r\n.\vX\r\n.\r\n", "a\r\n\vX\r\n", false)]
    [Splits("a\f.\fX\r\n.\r\n", "a\f.\fX\r\n", false)]
    [Splits("a\r\n.\fX\r\n.\r\n", "a\r\n\fX\r\n", false)]
    // NEL in Latin-1 and in UTF-8, U+2028 and U+2029 in UTF-8, and CR, LF and dot with the high bit set.
    [Splits("a\x85.\x85X\r\n.\r\n", "a\x85.\x85X\r\n", false)]
    [Splits("a\xC2\x85.\xC2\x85X\r\n.\r\n", "a\xC2\x85.\xC2\x85X\r\n", false)]
    [Splits("a\xE2\x80\xA8.\xE2\x80\xA8X\r\n.\r\n", "a\xE2\x80\xA8.\xE2\x80\xA8X\r\n", false)]
    [Splits("a\xE2\x80\xA9.\xE2\x80\xA9X\r\n.\r\n", "a\xE2\x80\xA9.\xE2\x80\xA9X\r\n", false)]
    [Splits("a\x8D\x8A\xAE\x8D\x8AX\r\n.\r\n", "a\x8D\x8A\xAE\x8D\x8AX\r\n", false)]
    [Splits("a\r\n\xAE\r\nX\r\n.\r\n", "a\r\n\xAE\r\nX\r\n", false)]
    [Splits("a\x8D\x8A.\r\nX\r\n.\r\n", "a\x8D\x8A.\r\nX\r\n", false)]
    public void No_other_sequence_ends_data(Wire wire, string body, bool bare) =>
        Assert.Equal(new BodyTrace(body, "", Ended: true, bare), BodyTrace.Decode(wire));

    // The same at the very start, where DATA's own CRLF stands in front.
    [Theory]
    [Splits(".\nX\r\n.\r\n", "\r\nX\r\n")]
    [Splits(".\rX\r\n.\r\n", "\r\nX\r\n")]
    [Splits(".\r\r\nX\r\n.\r\n", "\r\n\r\nX\r\n")]
    [Splits("\n.\r\nX\r\n.\r\n", "\r\n.\r\nX\r\n")]
    [Splits("\r.\r\nX\r\n.\r\n", "\r\n.\r\nX\r\n")]
    [Splits("\n.\nX\r\n.\r\n", "\r\n.\r\nX\r\n")]
    [Splits(".\r.\r\nX\r\n.\r\n", "\r\n.\r\nX\r\n")]
    [Splits("..\n..\r\n.\r\n", ".\r\n..\r\n")]
    public void No_other_sequence_ends_data_at_its_start(Wire wire, string body) =>
        Assert.Equal(new BodyTrace(body, "", Ended: true, SawBareLineEnding: true), BodyTrace.Decode(wire));

    [Theory]
    [Splits("\r", "\r")]
    [Splits("\r\r", "\r\n\r")]
    [Splits("\n", "\r\n")]
    [Splits("\n\r", "\r\n\r")]
    public void A_lone_ending_gets_its_other_half_as_soon_as_it_is_known_to_be_alone(Wire wire, string body) =>
        Assert.Equal(body, BodyTrace.Decode(wire).Text);

    [Theory]
    [Splits("a\r\n.\r\nb\nc\r\n.\r\n.\r\nd\r\n.\r\nQUIT\r\n")]
    public void Bodies_follow_each_other_after_a_reset(Wire wire)
    {
        var decoder = default(DotDecoder);
        var bodies = new List<string>();
        string body = "";
        byte[] unread = wire.Feed((ref ReadOnlySequence<byte> input) =>
        {
            while (bodies.Count < 4)
            {
                BodyStatus status = decoder.Read(ref input, out ReadOnlyMemory<byte> chunk);
                if (status == BodyStatus.NeedInput)
                {
                    return;
                }

                body += Wire.Decode(chunk.Span);
                if (status == BodyStatus.End)
                {
                    bodies.Add(decoder.SawBareLineEnding ? "bare " + body : body);
                    body = "";
                    decoder.Reset();
                }
            }
        });
        Assert.Equal(["a\r\n", "bare b\r\nc\r\n", "", "d\r\n"], bodies);
        Assert.Equal("QUIT\r\n", Wire.Decode(unread));
    }

    [Fact]
    public void Chunks_are_slices_of_the_input()
    {
        byte[] octets = "Hello, world\r\n.\r\n"u8.ToArray();
        var input = new ReadOnlySequence<byte>(octets);
        var decoder = default(DotDecoder);
        Assert.Equal(BodyStatus.Chunk, decoder.Read(ref input, out ReadOnlyMemory<byte> chunk));
        Assert.True(System.Runtime.InteropServices.MemoryMarshal.TryGetArray(chunk, out ArraySegment<byte> segment));
        Assert.Same(octets, segment.Array);
        Assert.Equal(14, segment.Count);
    }

    [Fact]
    public void Decoding_allocates_nothing()
    {
        var whole = new ReadOnlySequence<byte>("Subject: x\r\n\r\n..dot\r\nlone\nlone\rend\r\n.\r.\r\n.\r\n"u8.ToArray());
        ReadOnlySequence<byte> pieces = OctetSegment.Sequence(
            ["Subject: x\r"u8.ToArray(), "\n\r\n."u8.ToArray(), ".dot\r\n"u8.ToArray(), ".\r"u8.ToArray(), "\n"u8.ToArray()]);
        int ends = 0;
        Assert.Equal(0, Allocations.Of(() =>
        {
            ends += Ends(whole);
            ends += Ends(pieces);
        }));
        Assert.Equal(400, ends);

        static int Ends(ReadOnlySequence<byte> input)
        {
            var decoder = default(DotDecoder);
            BodyStatus status;
            while ((status = decoder.Read(ref input, out _)) == BodyStatus.Chunk)
            {
            }

            return status == BodyStatus.End ? 1 : 0;
        }
    }
}
