namespace Smtp.Core;

/// <summary>The service extensions that the engine knows, one RFC a member.</summary>
[Flags]
public enum SmtpExtensions
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>PIPELINING (RFC 2920).</summary>
    Pipelining = 1 << 0,

    /// <summary>SIZE (RFC 1870).</summary>
    Size = 1 << 1,

    /// <summary>8BITMIME (RFC 6152).</summary>
    EightBitMime = 1 << 2,

    /// <summary>ENHANCEDSTATUSCODES (RFC 2034).</summary>
    EnhancedStatusCodes = 1 << 3,

    /// <summary>STARTTLS (RFC 3207).</summary>
    StartTls = 1 << 4,

    /// <summary>AUTH (RFC 4954).</summary>
    Auth = 1 << 5,

    /// <summary>SMTPUTF8 (RFC 6531).</summary>
    SmtpUtf8 = 1 << 6,

    /// <summary>CHUNKING (RFC 3030).</summary>
    Chunking = 1 << 7,

    /// <summary>BINARYMIME (RFC 3030); needs <see cref="Chunking"/>.</summary>
    BinaryMime = 1 << 8,

    /// <summary>DSN (RFC 3461).</summary>
    Dsn = 1 << 9,

    /// <summary>LIMITS (RFC 9422).</summary>
    Limits = 1 << 10,

    /// <summary>REQUIRETLS (RFC 8689).</summary>
    RequireTls = 1 << 11,
}
