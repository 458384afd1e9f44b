namespace Smtp.Core;

/// <summary>What <see cref="LineReader.Read"/> found.</summary>
public enum LineStatus : byte
{
    /// <summary>No complete line is buffered; read more and call again with the same unconsumed octets.</summary>
    NeedInput,

    /// <summary>One line, without its CRLF.</summary>
    Line,

    /// <summary>A line over the limit. Reported once, when the limit is crossed; its rest is swallowed up to the CRLF.</summary>
    TooLong,

    /// <summary>
    /// A CR or LF that is not part of a CRLF. Reported once a line; the rest is swallowed up to the CRLF, because what stands
    /// behind a lone LF is what an injected address would like to have executed.
    /// </summary>
    BareLineEnding,
}
