namespace Smtp.Core;

/// <summary>How a body is to be sent: what a <see cref="ClientSession"/> has chosen when it says <see cref="ClientEffect.SendBody"/>.</summary>
public enum BodyFraming : byte
{
    /// <summary>DATA: through a <see cref="DotEncoder"/>, whose terminator ends it (RFC 5321 §4.1.1.4).</summary>
    Data,

    /// <summary>One BDAT, whose command line is written: exactly the octets that were announced, as they are (RFC 3030 §2).</summary>
    OneChunk,

    /// <summary>BDATs of the caller's cutting: <see cref="ClientSession.BeginChunk"/> in front of each.</summary>
    Chunks,
}
