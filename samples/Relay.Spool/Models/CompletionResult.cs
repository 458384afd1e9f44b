namespace Relay.Spool;

/// <summary>What came of a completion.</summary>
public enum CompletionResult
{
    /// <summary>All outcomes are stored.</summary>
    Stored = 0,

    /// <summary>The lease had ended, and the recipients were leased anew or changed: nothing was stored, and what was delivered is a possible duplicate.</summary>
    LeaseLost = 1,
}
