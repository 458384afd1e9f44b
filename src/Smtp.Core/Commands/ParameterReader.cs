namespace Smtp.Core;

/// <summary>
/// Walks the parameters behind a path: <c>esmtp-param *( SP esmtp-param )</c> (RFC 5321 §4.1.2).
/// </summary>
internal ref struct ParameterReader
{
    private ReadOnlySpan<byte> _rest;

    /// <summary>Starts at what stands behind the path.</summary>
    /// <param name="text">Empty, or one space and then parameters.</param>
    public ParameterReader(ReadOnlySpan<byte> text)
    {
        _rest = text;
        Keyword = default;
        Value = default;
        HasValue = false;
        IsMalformed = false;
    }

    /// <summary>The keyword as written: letters, digits and hyphens, a letter or digit first.</summary>
    public ReadOnlySpan<byte> Keyword { get; private set; }

    /// <summary>What stands behind "="; empty without one.</summary>
    public ReadOnlySpan<byte> Value { get; private set; }

    /// <summary>Whether there was an "=".</summary>
    public bool HasValue { get; private set; }

    /// <summary>Whether reading ended because the text breaks the grammar.</summary>
    public bool IsMalformed { get; private set; }

    /// <summary>Goes to the next parameter.</summary>
    /// <returns>Whether there is one; at the end see <see cref="IsMalformed"/>.</returns>
    public bool MoveNext()
    {
        if (_rest.IsEmpty || IsMalformed)
        {
            return false;
        }

        int start = 0;
        while (start < _rest.Length && _rest[start] == ' ')
        {
            start++;
        }

        int end = start;
        while (end < _rest.Length && IsKeywordOctet(_rest[end]))
        {
            end++;
        }

        // At least one space stands between path and keyword, and a keyword starts with a letter or digit.
        if (start == 0 || end == start || _rest[start] == '-')
        {
            IsMalformed = true;
            return false;
        }

        Keyword = _rest[start..end];
        Value = default;
        HasValue = end < _rest.Length && _rest[end] == '=';
        if (HasValue)
        {
            // esmtp-value = 1*(%d33-60 / %d62-126), and UTF-8 where RFC 6531 adds it; the meaning is checked by the parameter's owner.
            int valueStart = ++end;
            while (end < _rest.Length && _rest[end] is > 32 and not (byte)'=' and not 127)
            {
                end++;
            }

            if (end == valueStart)
            {
                IsMalformed = true;
                return false;
            }

            Value = _rest[valueStart..end];
        }

        _rest = _rest[end..];
        if (!_rest.IsEmpty && _rest[0] != ' ')
        {
            IsMalformed = true;
            return false;
        }

        return true;
    }

    private static bool IsKeywordOctet(byte octet) => char.IsAsciiLetterOrDigit((char)octet) || octet == '-';
}
