namespace Smtp.Core.Tests;

/// <summary>How the client's octets come to the session.</summary>
public enum DialogueDelivery
{
    /// <summary>All in one read, as far as no handshake stands in between.</summary>
    Whole,

    /// <summary>All in one read, and each octet a segment.</summary>
    WholeInSegments,

    /// <summary>One read a line of the file.</summary>
    LineByLine,

    /// <summary>One read an octet.</summary>
    OctetByOctet,
}
