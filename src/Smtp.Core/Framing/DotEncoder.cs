using System.Buffers;

namespace Smtp.Core;

/// <summary>
/// Puts DATA's transparency on (RFC 5321 §4.5.2): a dot in front of every line that starts with one, CRLF line endings only, and
/// CRLF "." CRLF at the end.
/// </summary>
/// <remarks>
/// The one place that makes lines of content. A lone CR or LF is made a CRLF, so that nothing between two CRLFs of what goes out can
/// be read as a line of its own by a laxer receiver; <see cref="SawBareLineEnding"/> tells, for callers that would rather refuse.
/// </remarks>
public struct DotEncoder
{
    private const byte CarriageReturn = (byte)'\r';
    private const byte LineFeed = (byte)'\n';
    private const byte Dot = (byte)'.';

    private static readonly ReadOnlyMemory<byte> StuffedDot = "."u8.ToArray();
    private static readonly ReadOnlyMemory<byte> LoneLineFeed = "\n"u8.ToArray();
    private static readonly ReadOnlyMemory<byte> LineEnding = "\r\n"u8.ToArray();

    private State _state;

    private enum State : byte
    {
        /// <summary>Behind a CRLF; also the start.</summary>
        LineStart,

        /// <summary>Inside a line.</summary>
        Text,

        /// <summary>Behind a CR that was handed out and wants its LF.</summary>
        AfterCarriageReturn,

        /// <summary>Behind the dot that was put in front of a line's own dot, which comes next.</summary>
        AfterStuffedDot,

        /// <summary>Behind a lone CR that was handed out; its LF is to be made up.</summary>
        OwesLineFeed,

        /// <summary>Behind a lone LF that was consumed; a CRLF is to be handed out for it.</summary>
        OwesLineEnding,

        /// <summary>In front of a line's own dot; a stuffed one is to be handed out first.</summary>
        OwesDot,
    }

    /// <summary>Whether the content so far has a CR or an LF that was not part of a CRLF.</summary>
    public bool SawBareLineEnding { get; private set; }

    /// <summary>What ends the body: the line ending that the content lacks, if any, and the end-of-data line.</summary>
    public readonly ReadOnlySpan<byte> Terminator => _state switch
    {
        State.LineStart or State.OwesDot => ".\r\n"u8,
        State.AfterCarriageReturn or State.OwesLineFeed => "\n.\r\n"u8,
        _ => "\r\n.\r\n"u8,
    };

    /// <summary>Starts over, for the next body.</summary>
    public void Reset() => this = default;

    /// <summary>Encodes one piece of the content.</summary>
    /// <param name="content">The octets not yet encoded; what was consumed is sliced off.</param>
    /// <param name="chunk">What to write, in place or a piece of constant text. Valid as long as the content's memory.</param>
    /// <returns><see cref="BodyStatus.Chunk"/>, or <see cref="BodyStatus.NeedInput"/> when all is consumed. Never <see cref="BodyStatus.End"/>.</returns>
    public BodyStatus Read(ref ReadOnlySequence<byte> content, out ReadOnlyMemory<byte> chunk)
    {
        switch (_state)
        {
            case State.OwesDot:
                _state = State.AfterStuffedDot;
                chunk = StuffedDot;
                return BodyStatus.Chunk;
            case State.OwesLineFeed:
                _state = State.LineStart;
                chunk = LoneLineFeed;
                return BodyStatus.Chunk;
            case State.OwesLineEnding:
                _state = State.LineStart;
                chunk = LineEnding;
                return BodyStatus.Chunk;
        }

        SequencePosition position = content.Start;
        while (content.TryGet(ref position, out ReadOnlyMemory<byte> memory))
        {
            if (memory.IsEmpty)
            {
                continue;
            }

            int consumed = Scan(memory.Span, out int length);
            content = content.Slice(consumed);
            if (length > 0)
            {
                chunk = memory[..length];
                return BodyStatus.Chunk;
            }

            // The very first octet owes something.
            return Read(ref content, out chunk);
        }

        chunk = default;
        return BodyStatus.NeedInput;
    }

    /// <summary>Walks one segment up to the first place where something is to be put in.</summary>
    /// <returns>How many octets were consumed: <paramref name="length"/>, or one more for a lone LF.</returns>
    private int Scan(ReadOnlySpan<byte> text, out int length)
    {
        int i = 0;
        while (true)
        {
            byte octet = text[i];
            switch (_state)
            {
                case State.LineStart when octet == Dot:
                    _state = State.OwesDot;
                    length = i;
                    return i;

                case State.AfterCarriageReturn when octet == LineFeed:
                    _state = State.LineStart;
                    break;

                case State.AfterCarriageReturn:
                    SawBareLineEnding = true;
                    _state = State.OwesLineFeed;
                    length = i;
                    return i;

                default:
                    if (octet == LineFeed)
                    {
                        SawBareLineEnding = true;
                        _state = State.OwesLineEnding;
                        length = i;
                        return i + 1;
                    }

                    _state = octet == CarriageReturn ? State.AfterCarriageReturn : State.Text;
                    break;
            }

            int next = i + BodyScanner.IndexOfIrregular(text[i..]);
            if (next - 1 > i)
            {
                _state = text[next - 1] switch
                {
                    LineFeed => State.LineStart,
                    CarriageReturn => State.AfterCarriageReturn,
                    _ => State.Text,
                };
            }

            i = next;
            if (i == text.Length)
            {
                length = i;
                return i;
            }
        }
    }
}
