using System.Buffers;
using System.Text;

namespace Smtp.Core.Tests;

/// <summary>What a <see cref="LineReader"/> makes of a wire, as one text: lines in brackets, refusals by their names.</summary>
internal static class LineTrace
{
    public static string Of(Wire wire, int maximumLength) => Of(wire, maximumLength, out _, out _);

    public static string Of(Wire wire, int maximumLength, out string unread, out bool swallowing)
    {
        var reader = default(LineReader);
        var trace = new StringBuilder();
        byte[] left = wire.Feed((ref ReadOnlySequence<byte> input) =>
        {
            LineStatus status;
            while ((status = reader.Read(ref input, maximumLength, out ReadOnlySpan<byte> line)) != LineStatus.NeedInput)
            {
                trace.Append(status == LineStatus.Line ? $"[{Wire.Decode(line)}]" : status.ToString());
            }
        });
        unread = Wire.Decode(left);
        swallowing = reader.IsSwallowing;
        reader.Reset();
        return trace.ToString();
    }
}
