namespace Relay.Spool;

/// <summary>Why a store does not store.</summary>
public enum SpoolFailure
{
    /// <summary>The disk is full or read-only: SMTP's 452 4.3.1.</summary>
    NoSpace = 0,

    /// <summary>Anything else, such as an error of the disk: SMTP's 451 4.3.0.</summary>
    Error = 1,

    /// <summary>Another process has the folder.</summary>
    Locked = 2,

    /// <summary>The content of a message is gone or not whole, and will never be read.</summary>
    Unreadable = 3,
}
