namespace Relay.Spool;

/// <summary>
/// Looks for a CR or LF that stands alone, piece by piece (RFC 5321 §2.3.8). DATA has none any more; BDAT may bring some, and what is passed on by DATA must
/// not have any: they are how one message is read as two.
/// </summary>
internal struct LineEndingCheck
{
    private bool _endsWithCarriageReturn;

    /// <summary>Whether one was seen.</summary>
    internal bool SawBare { get; private set; }

    /// <summary>Looks at the next piece.</summary>
    internal void Inspect(ReadOnlySpan<byte> text)
    {
        if (text.IsEmpty || SawBare)
        {
            return;
        }

        if (_endsWithCarriageReturn)
        {
            if (text[0] != (byte)'\n')
            {
                SawBare = true;
                return;
            }

            text = text[1..];
        }

        _endsWithCarriageReturn = false;
        while (true)
        {
            int at = text.IndexOfAny((byte)'\r', (byte)'\n');
            if (at < 0)
            {
                return;
            }

            if (text[at] == (byte)'\n' || (at + 1 < text.Length && text[at + 1] != (byte)'\n'))
            {
                SawBare = true;
                return;
            }

            if (at + 1 == text.Length)
            {
                _endsWithCarriageReturn = true;
                return;
            }

            text = text[(at + 2)..];
        }
    }

    /// <summary>The text is over: a CR at its end stands alone too.</summary>
    internal void End() => SawBare |= _endsWithCarriageReturn;
}
