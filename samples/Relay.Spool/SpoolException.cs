namespace Relay.Spool;

/// <summary>The store cannot do what it was asked to, for a reason that is not the caller's. Nothing of it was stored.</summary>
public sealed class SpoolException : Exception
{
    /// <summary>Makes one.</summary>
    /// <param name="message">What went wrong.</param>
    /// <param name="kind">Which kind it is of.</param>
    /// <param name="inner">What the system said.</param>
    public SpoolException(string message, SpoolFailure kind, Exception? inner = null)
        : base(message, inner) => Failure = kind;

    /// <summary>Which kind it is of.</summary>
    public SpoolFailure Failure { get; }
}
