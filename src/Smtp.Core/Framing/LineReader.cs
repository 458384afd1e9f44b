using System.Buffers;
using System.Buffers.Binary;

namespace Smtp.Core;

/// <summary>
/// Cuts a stream of octets into CRLF-terminated lines (RFC 5321 §2.3.8: CR and LF appear only together, as a line's end).
/// </summary>
/// <remarks>
/// A mutable struct that its session holds in a field. A line inside one segment is returned in place; a line that straddles
/// segments is copied to a rented scratch array, so memory never grows past the limit given to <see cref="Read"/>.
/// </remarks>
public struct LineReader
{
    private const byte CarriageReturn = (byte)'\r';
    private const byte LineFeed = (byte)'\n';

    private State _state;
    private byte[]? _scratch;
    private uint _refusedWord;

    private enum State : byte
    {
        /// <summary>At the start of a line that is still wholly in the input.</summary>
        Line,

        /// <summary>Inside a line that was already refused: everything up to its CRLF is dropped.</summary>
        Swallowing,

        /// <summary>As <see cref="Swallowing"/>, and the last octet dropped was a CR.</summary>
        SwallowingAfterCarriageReturn,
    }

    /// <summary>Whether the reader stands inside a refused line whose CRLF has not come yet.</summary>
    public readonly bool IsSwallowing => _state != State.Line;

    /// <summary>Whether the line that was refused last starts with a word of four letters, in any case.</summary>
    public readonly bool RefusedLineStartsWithWord(ReadOnlySpan<byte> word) => _refusedWord == FoldWord(word);

    /// <summary>Takes one line off the front of <paramref name="input"/>.</summary>
    /// <param name="input">The unread octets. What was consumed is sliced off; on <see cref="LineStatus.NeedInput"/> a partial line stays.</param>
    /// <param name="maximumLength">The longest line allowed, in octets and with its CRLF.</param>
    /// <param name="line">The line without CRLF, valid until the next call or until the input's memory is given back.</param>
    public LineStatus Read(ref ReadOnlySequence<byte> input, int maximumLength, out ReadOnlySpan<byte> line)
    {
        if (_state == State.Line)
        {
            ReadOnlySpan<byte> first = input.FirstSpan;
            int end = first.IndexOfAny(CarriageReturn, LineFeed);
            if ((uint)end < (uint)first.Length
                && first[end] == CarriageReturn
                && (uint)(end + 1) < (uint)first.Length
                && first[end + 1] == LineFeed
                && end + 2 <= maximumLength)
            {
                line = first[..end];
                input = input.Slice(end + 2);
                return LineStatus.Line;
            }
        }

        return ReadSlow(ref input, maximumLength, out line);
    }

    /// <summary>Gives the scratch array of a straddling line back; call it when no line is in use.</summary>
    public void ReleaseScratch()
    {
        if (_scratch is { } scratch)
        {
            _scratch = null;

            // A line may have carried a password.
            ArrayPool<byte>.Shared.Return(scratch, clearArray: true);
        }
    }

    /// <summary>Forgets all state, as at the start of a connection.</summary>
    public void Reset()
    {
        ReleaseScratch();
        _state = State.Line;
    }

    private LineStatus ReadSlow(ref ReadOnlySequence<byte> input, int maximumLength, out ReadOnlySpan<byte> line)
    {
        line = default;
        if (_state != State.Line && !TrySwallow(ref input))
        {
            return LineStatus.NeedInput;
        }

        var reader = new SequenceReader<byte>(input);
        if (!reader.TryAdvanceToAny("\r\n"u8, advancePastDelimiter: false))
        {
            // Nothing in sight ends the line; the CRLF still to come counts too.
            return reader.Length + 2 > maximumLength ? Refuse(ref input, LineStatus.TooLong) : LineStatus.NeedInput;
        }

        long length = reader.Consumed;
        if (length + 2 > maximumLength)
        {
            return Refuse(ref input, LineStatus.TooLong);
        }

        reader.TryRead(out byte delimiter);
        if (delimiter == CarriageReturn)
        {
            if (!reader.TryRead(out byte next))
            {
                return LineStatus.NeedInput;
            }

            if (next == LineFeed)
            {
                line = Contiguous(input.Slice(0, length));
                input = input.Slice(reader.Position);
                return LineStatus.Line;
            }
        }

        return Refuse(ref input, LineStatus.BareLineEnding);
    }

    private LineStatus Refuse(ref ReadOnlySequence<byte> input, LineStatus status)
    {
        Span<byte> start = stackalloc byte[sizeof(uint)];
        start.Clear();
        input.Slice(0, Math.Min(input.Length, start.Length)).CopyTo(start);
        _refusedWord = FoldWord(start);

        // The octets seen so far are dropped by the same code as those to come, so that a CRLF that is already here is found.
        _state = State.Swallowing;
        TrySwallow(ref input);
        return status;
    }

    /// <summary>Drops octets up to and with a CRLF.</summary>
    /// <returns>Whether the CRLF was found.</returns>
    private bool TrySwallow(ref ReadOnlySequence<byte> input)
    {
        var reader = new SequenceReader<byte>(input);
        while (!reader.End)
        {
            if (_state == State.SwallowingAfterCarriageReturn && reader.IsNext(LineFeed, advancePast: true))
            {
                _state = State.Line;
                input = input.Slice(reader.Position);
                return true;
            }

            _state = State.Swallowing;
            if (!reader.TryAdvanceTo(CarriageReturn, advancePastDelimiter: true))
            {
                reader.AdvanceToEnd();
                break;
            }

            _state = State.SwallowingAfterCarriageReturn;
        }

        input = input.Slice(reader.Position);
        return false;
    }

    // Clearing bit 5 maps to a letter only that letter's two cases.
    private static uint FoldWord(ReadOnlySpan<byte> word) => BinaryPrimitives.ReadUInt32LittleEndian(word) & 0xDFDFDFDF;

    private ReadOnlySpan<byte> Contiguous(ReadOnlySequence<byte> octets)
    {
        if (octets.IsSingleSegment)
        {
            return octets.FirstSpan;
        }

        int length = (int)octets.Length;
        if (_scratch is null || _scratch.Length < length)
        {
            ReleaseScratch();
            _scratch = ArrayPool<byte>.Shared.Rent(length);
        }

        octets.CopyTo(_scratch);
        return _scratch.AsSpan(0, length);
    }
}
