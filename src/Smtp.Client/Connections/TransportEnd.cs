namespace Smtp.Client;

/// <summary>Why a <see cref="Transport"/> was ended from this side.</summary>
internal enum TransportEnd
{
    /// <summary>It was not.</summary>
    None,

    /// <summary>A deadline passed.</summary>
    TimedOut,

    /// <summary>The caller cancelled.</summary>
    Cancelled,

    /// <summary>It was closed, or given up after a failure.</summary>
    Closed,
}
