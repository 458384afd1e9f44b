namespace Smtp.Core;

/// <summary>MAIL's RET parameter (RFC 3461 §4.3): what a failure notification returns.</summary>
public enum DsnReturn : byte
{
    /// <summary>Not given.</summary>
    Unspecified,

    /// <summary>FULL: the whole message.</summary>
    Full,

    /// <summary>HDRS: its header only.</summary>
    Headers,
}
