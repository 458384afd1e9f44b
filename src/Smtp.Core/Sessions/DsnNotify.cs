namespace Smtp.Core;

/// <summary>RCPT's NOTIFY parameter (RFC 3461 §4.1): when a recipient's fate is to be told.</summary>
[Flags]
public enum DsnNotify : byte
{
    /// <summary>Not given: failure, and delay as the server likes.</summary>
    Unspecified = 0,

    /// <summary>NEVER; stands alone.</summary>
    Never = 1,

    /// <summary>SUCCESS.</summary>
    Success = 2,

    /// <summary>FAILURE.</summary>
    Failure = 4,

    /// <summary>DELAY.</summary>
    Delay = 8,
}
