namespace Smtp.Core;

/// <summary>Walks the texts of a reply's lines: what stands behind code and separator, without CRLF.</summary>
public ref struct ReplyLineEnumerator
{
    private ReadOnlySpan<byte> _rest;

    internal ReplyLineEnumerator(ReadOnlySpan<byte> octets)
    {
        _rest = octets;
        Current = default;
    }

    /// <summary>The line's text; empty for a line of a code only.</summary>
    public ReadOnlySpan<byte> Current { get; private set; }

    /// <summary>This.</summary>
    public readonly ReplyLineEnumerator GetEnumerator() => this;

    /// <summary>Goes to the next line.</summary>
    public bool MoveNext()
    {
        if (_rest.IsEmpty)
        {
            return false;
        }

        int end = _rest.IndexOf("\r\n"u8);
        Current = end > 4 ? _rest[4..end] : default;
        _rest = _rest[(end + 2)..];
        return true;
    }
}
