namespace Relay.Spool;

/// <summary>Which of what is due goes first. Weighted: a lower one is slowed, and never starves.</summary>
public enum MessagePriority
{
    /// <summary>Can wait, such as bulk.</summary>
    Low = 0,

    /// <summary>The default.</summary>
    Normal = 1,

    /// <summary>Somebody waits for it, such as a password reset.</summary>
    High = 2,
}
