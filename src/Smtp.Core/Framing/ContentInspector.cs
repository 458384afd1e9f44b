namespace Smtp.Core;

/// <summary>
/// Looks at a text body, as it streams through, for lines over 1000 octets, which RFC 5321 §4.5.3.1.6 has no place for.
/// </summary>
internal struct ContentInspector
{
    /// <summary>The longest text line in octets, CRLF included (RFC 5321 §4.5.3.1.6).</summary>
    public const int MaximumLineLength = 1000;

    private const byte LineFeed = (byte)'\n';

    private int _lineLength;

    /// <summary>Whether a line over <see cref="MaximumLineLength"/> was seen.</summary>
    public bool SawLongLine { get; private set; }

    /// <summary>Starts over, for the next body.</summary>
    public void Reset() => this = default;

    /// <summary>Measures the lines of a piece.</summary>
    public void InspectLines(ReadOnlySpan<byte> text)
    {
        while (!SawLongLine)
        {
            int end = text.IndexOf(LineFeed);
            int length = end < 0 ? text.Length : end + 1;

            // Saturates: the rest of the message may be one line.
            _lineLength = (int)Math.Min((long)_lineLength + length, int.MaxValue);
            SawLongLine = _lineLength > MaximumLineLength;
            if (end < 0)
            {
                return;
            }

            _lineLength = 0;
            text = text[length..];
        }
    }
}
