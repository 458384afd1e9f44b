using System.Buffers;

namespace Smtp.Core.Tests;

public class ChunkCounterTests
{
    [Theory]
    [Splits("", 0L, "", true, "")]
    [Splits("QUIT\r\n", 0L, "", true, "QUIT\r\n")]
    [Splits("abc", 3L, "abc", true, "")]
    [Splits("a\r\n.\r\nQUIT\r\n", 6L, "a\r\n.\r\n", true, "QUIT\r\n")]
    [Splits("\r\n.\r\n\0\xFF", 7L, "\r\n.\r\n\0\xFF", true, "")]
    [Splits("abc", 4L, "abc", false, "")]
    [Splits("abc", long.MaxValue, "abc", false, "")]
    public void A_chunk_ends_by_its_size_alone(Wire wire, long size, string expected, bool complete, string following)
    {
        var counter = new ChunkCounter(size);
        string text = "";
        bool ended = false;
        byte[] unread = wire.Feed((ref ReadOnlySequence<byte> input) =>
        {
            BodyStatus status;
            while ((status = counter.Read(ref input, out ReadOnlyMemory<byte> chunk)) == BodyStatus.Chunk)
            {
                Assert.False(chunk.IsEmpty);
                text += Wire.Decode(chunk.Span);
            }

            ended = status == BodyStatus.End;
        });
        Assert.Equal(expected, text);
        Assert.Equal(complete, ended);
        Assert.Equal(following, Wire.Decode(unread));
        Assert.Equal(size - expected.Length, counter.Remaining);
    }

    [Fact]
    public void A_negative_size_is_misuse() => Assert.Throws<ArgumentOutOfRangeException>(() => new ChunkCounter(-1));
}
