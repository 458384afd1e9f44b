namespace Smtp.Core;

/// <summary>MAIL's BODY parameter.</summary>
public enum BodyType : byte
{
    /// <summary>7BIT, or no parameter: RFC 5321's lines of US-ASCII. The engine passes octets over 127 all the same, as 8BITMIME servers do.</summary>
    SevenBit,

    /// <summary>8BITMIME (RFC 6152): lines of octets.</summary>
    EightBitMime,

    /// <summary>BINARYMIME (RFC 3030 §3): octets without lines, by BDAT only.</summary>
    BinaryMime,
}
