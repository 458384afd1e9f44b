using System.Buffers;

namespace Smtp.Server;

/// <summary>
/// Turns content into an mbox entry's lines: LF in place of CRLF, and one more <c>&gt;</c> before a line that is <c>From </c> behind any number of <c>&gt;</c>
/// (the mboxrd form, which loses nothing). Content may be split anywhere.
/// </summary>
internal sealed class MboxEncoder
{
    private static ReadOnlySpan<byte> Separator => "From "u8;

    // How many octets of ">*From " the line has so far; -1 where it can no longer be such a line.
    private int _matched;
    private int _quotes;
    private bool _heldCr;

    /// <summary>Whether the last line was ended.</summary>
    internal bool IsAtLineStart => _matched == 0 && _quotes == 0 && !_heldCr;

    /// <summary>Encodes a piece.</summary>
    internal void Encode(ReadOnlySpan<byte> content, IBufferWriter<byte> output)
    {
        foreach (byte octet in content)
        {
            if (_heldCr)
            {
                _heldCr = false;
                if (octet == '\n')
                {
                    EndLine(output);
                    continue;
                }

                // A CR alone, as BDAT may bring: text.
                GiveUp(output);
                output.Write("\r"u8);
            }

            switch (octet)
            {
                case (byte)'\r':
                    _heldCr = true;
                    break;
                case (byte)'\n':
                    EndLine(output);
                    break;
                case (byte)'>' when _matched == 0:
                    _quotes++;
                    break;
                case var _ when _matched >= 0 && octet == Separator[_matched]:
                    if (++_matched == Separator.Length)
                    {
                        output.Write(">"u8);
                        GiveUp(output);
                    }

                    break;
                default:
                    GiveUp(output);
                    output.Write([octet]);
                    break;
            }
        }
    }

    /// <summary>Writes what was held back.</summary>
    internal void Finish(IBufferWriter<byte> output)
    {
        if (!IsAtLineStart)
        {
            if (_heldCr)
            {
                _heldCr = false;
                GiveUp(output);
                output.Write("\r"u8);
            }

            EndLine(output);
        }
    }

    private void EndLine(IBufferWriter<byte> output)
    {
        GiveUp(output);
        output.Write("\n"u8);
        _matched = 0;
        _quotes = 0;
    }

    /// <summary>The line is none of the separator's kind, or is quoted by now: writes what was held back of it.</summary>
    private void GiveUp(IBufferWriter<byte> output)
    {
        for (; _quotes > 0; _quotes--)
        {
            output.Write(">"u8);
        }

        if (_matched > 0)
        {
            output.Write(Separator[.._matched]);
        }

        _matched = -1;
    }
}
