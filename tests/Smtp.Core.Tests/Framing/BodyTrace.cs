using System.Buffers;
using System.Text;

namespace Smtp.Core.Tests;

/// <summary>What a body decoder or encoder makes of a wire.</summary>
/// <param name="Text">All that was handed out.</param>
/// <param name="Unread">What was left in the input.</param>
/// <param name="Ended">Whether the end of the body was read.</param>
/// <param name="SawBareLineEnding">The flag at the end.</param>
internal sealed record BodyTrace(string Text, string Unread, bool Ended, bool SawBareLineEnding)
{
    public static BodyTrace Decode(Wire wire)
    {
        var decoder = default(DotDecoder);
        return Decode(wire, ref decoder);
    }

    /// <summary>Reads up to the end of one body.</summary>
    public static BodyTrace Decode(Wire wire, ref DotDecoder decoder)
    {
        DotDecoder state = decoder;
        var text = new StringBuilder();
        bool ended = false;
        byte[] unread = wire.Feed((ref ReadOnlySequence<byte> input) =>
        {
            BodyStatus status;
            while ((status = state.Read(ref input, out ReadOnlyMemory<byte> chunk)) == BodyStatus.Chunk)
            {
                Assert.False(chunk.IsEmpty);
                Assert.False(ended);
                text.Append(Wire.Decode(chunk.Span));
            }

            Assert.True(StandsStill(ref state, ref input, status));
            ended = status == BodyStatus.End;
        });
        decoder = state;
        return new BodyTrace(text.ToString(), Wire.Decode(unread), ended, state.SawBareLineEnding);

        // Asked again at its end or without input, it says the same and consumes nothing.
        static bool StandsStill(ref DotDecoder state, ref ReadOnlySequence<byte> input, BodyStatus status)
        {
            long before = input.Length;
            return state.Read(ref input, out ReadOnlyMemory<byte> chunk) == status && chunk.IsEmpty && input.Length == before;
        }
    }

    /// <summary>Encodes, with the terminator.</summary>
    public static BodyTrace Encode(Wire wire)
    {
        var encoder = default(DotEncoder);
        var text = new StringBuilder();
        byte[] unread = wire.Feed((ref ReadOnlySequence<byte> content) =>
        {
            BodyStatus status;
            while ((status = encoder.Read(ref content, out ReadOnlyMemory<byte> chunk)) == BodyStatus.Chunk)
            {
                Assert.False(chunk.IsEmpty);
                text.Append(Wire.Decode(chunk.Span));
            }

            Assert.Equal(BodyStatus.NeedInput, status);
        });
        return new BodyTrace(text + Wire.Decode(encoder.Terminator), Wire.Decode(unread), Ended: true, encoder.SawBareLineEnding);
    }
}
