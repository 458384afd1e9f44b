using System.Buffers;

namespace Smtp.Core;

/// <summary>
/// Takes DATA's transparency off (RFC 5321 §4.5.2) and finds its end, which is CRLF "." CRLF and nothing else (§4.1.1.4).
/// </summary>
/// <remarks>
/// <para>
/// The pieces are slices of the input, never copies. Every octet is consumed as soon as it is seen, so a body of any size and any
/// split needs constant memory.
/// </para>
/// <para>
/// What comes out has CRLF line endings only: a lone CR or LF is given its missing half, and
/// <see cref="SawBareLineEnding"/> tells, so that the caller can refuse such a message. A dot behind a lone LF is never taken as
/// stuffed or as an end: that reading of it is what SMTP smuggling rests on.
/// </para>
/// </remarks>
public struct DotDecoder
{
    private const byte CarriageReturn = (byte)'\r';
    private const byte LineFeed = (byte)'\n';
    private const byte Dot = (byte)'.';

    private static readonly ReadOnlyMemory<byte> LoneCarriageReturn = "\r"u8.ToArray();
    private static readonly ReadOnlyMemory<byte> LoneLineFeed = "\n"u8.ToArray();
    private static readonly ReadOnlyMemory<byte> LineEnding = "\r\n"u8.ToArray();

    private State _state;
    private bool _sawNul;

    private enum State : byte
    {
        /// <summary>Behind a CRLF; also the start, as DATA's own CRLF stands in front of the body.</summary>
        LineStart,

        /// <summary>Inside a line.</summary>
        Text,

        /// <summary>Behind a CR that was handed out and wants its LF.</summary>
        AfterCarriageReturn,

        /// <summary>Behind a dot at a line's start, which was not handed out.</summary>
        AfterDot,

        /// <summary>Behind a dot at a line's start and a CR, neither handed out.</summary>
        AfterDotCarriageReturn,

        /// <summary>Behind a lone CR that was handed out; its LF is to be made up.</summary>
        OwesLineFeed,

        /// <summary>Behind a lone LF that was consumed; a CRLF is to be handed out for it.</summary>
        OwesLineEnding,

        /// <summary>Behind CRLF "." CRLF.</summary>
        End,
    }

    /// <summary>Whether the body so far has a CR or an LF that was not part of a CRLF.</summary>
    public bool SawBareLineEnding { get; private set; }

    /// <summary>Whether the body so far has a NUL. The search for line endings sees it in passing.</summary>
    public readonly bool SawNul => _sawNul;

    /// <summary>Starts over, for the next body.</summary>
    public void Reset() => this = default;

    /// <summary>Reads one piece of the body.</summary>
    /// <param name="input">The unread octets; what was consumed is sliced off.</param>
    /// <param name="chunk">The piece on <see cref="BodyStatus.Chunk"/>, else empty. Valid as long as the input's memory.</param>
    public BodyStatus Read(ref ReadOnlySequence<byte> input, out ReadOnlyMemory<byte> chunk)
    {
        switch (_state)
        {
            case State.OwesLineFeed:
                _state = State.Text;
                chunk = LoneLineFeed;
                return BodyStatus.Chunk;
            case State.OwesLineEnding:
                _state = State.Text;
                chunk = LineEnding;
                return BodyStatus.Chunk;
            case State.End:
                chunk = default;
                return BodyStatus.End;
        }

        SequencePosition position = input.Start;
        while (input.TryGet(ref position, out ReadOnlyMemory<byte> memory))
        {
            if (memory.IsEmpty)
            {
                continue;
            }

            int consumed = Scan(memory.Span, out int start, out int length);
            input = input.Slice(consumed);
            if (start < 0)
            {
                chunk = LoneCarriageReturn;
                return BodyStatus.Chunk;
            }

            if (length > 0)
            {
                chunk = memory.Slice(start, length);
                return BodyStatus.Chunk;
            }

            // A step without output: an end, a withheld dot, or an owed ending that the next call hands out.
            if (_state is State.End or State.OwesLineFeed or State.OwesLineEnding)
            {
                return Read(ref input, out chunk);
            }

            position = input.Start;
        }

        chunk = default;
        return BodyStatus.NeedInput;
    }

    /// <summary>Walks one segment up to the first octet that is not to be handed out as it stands.</summary>
    /// <param name="text">The segment, not empty.</param>
    /// <param name="start">Where the run to hand out starts; -1 hands out the withheld CR instead.</param>
    /// <param name="length">The length of the run, perhaps 0.</param>
    /// <returns>How many octets were consumed.</returns>
    private int Scan(ReadOnlySpan<byte> text, out int start, out int length)
    {
        int i = 0;
        start = 0;
        length = 0;
        while (true)
        {
            byte octet = text[i];
            switch (_state)
            {
                case State.LineStart when octet == Dot:
                    // Withheld: the run ends in front of it.
                    length = i - start;
                    _state = State.AfterDot;
                    return i + 1;

                case State.AfterDot when octet == CarriageReturn:
                    _state = State.AfterDotCarriageReturn;
                    start = i + 1;
                    break;

                case State.AfterDotCarriageReturn when octet == LineFeed:
                    _state = State.End;
                    return i + 1;

                case State.AfterDotCarriageReturn:
                    // Not the end: the dot was stuffing, and the CR behind it is a lone one.
                    SawBareLineEnding = true;
                    _state = State.OwesLineFeed;
                    start = -1;
                    return i;

                case State.AfterCarriageReturn when octet == LineFeed:
                    _state = State.LineStart;
                    break;

                case State.AfterCarriageReturn:
                    SawBareLineEnding = true;
                    _state = State.OwesLineFeed;
                    length = i - start;
                    return i;

                default:
                    if (octet == LineFeed)
                    {
                        SawBareLineEnding = true;
                        _state = State.OwesLineEnding;
                        length = i - start;
                        return i + 1;
                    }

                    _state = octet == CarriageReturn ? State.AfterCarriageReturn : State.Text;
                    break;
            }

            if (_state is State.LineStart or State.Text or State.AfterCarriageReturn)
            {
                // Everything up to the next irregular pair is handed out as it stands; the octet in front of it tells the state.
                int next = i + BodyScanner.IndexOfIrregular(text[i..], ref _sawNul);
                if (next - 1 > i)
                {
                    _state = text[next - 1] switch
                    {
                        LineFeed => State.LineStart,
                        CarriageReturn => State.AfterCarriageReturn,
                        _ => State.Text,
                    };
                }

                i = next - 1;
            }

            if (++i == text.Length)
            {
                length = i - start;
                return i;
            }
        }
    }
}
