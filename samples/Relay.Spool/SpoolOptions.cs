using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Relay.Spool;

/// <summary>How a <see cref="SqliteSpool"/> is opened.</summary>
public sealed record SpoolOptions
{
    /// <summary>The default of <see cref="MaximumInlineContent"/>, and so the largest header that a submission may have.</summary>
    public const int DefaultMaximumInlineContent = 65_536;

    /// <summary>Its folder; made if it is not there.</summary>
    public required string Path { get; init; }

    /// <summary>
    /// True, the default, for the one process that leases: takes the folder's lock and recovers what a dead process had leased. False for programs beside
    /// it, such as the operator's commands.
    /// </summary>
    public bool IsOwner { get; init; } = true;

    /// <summary>Up to how many octets a content is stored in the database, and not in a file beside it; 65,536 by default.</summary>
    public int MaximumInlineContent { get; init; } = DefaultMaximumInlineContent;

    /// <summary>How long messages that are done and their events are kept; 30 days by default.</summary>
    public TimeSpan Retention { get; init; } = TimeSpan.FromDays(30);

    /// <summary>How often a message may end a process or its lease, before it is held; 10 by default.</summary>
    public int MaximumLostLeases { get; init; } = 10;

    /// <summary>The system's clock.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>Where the spool logs.</summary>
    public ILogger Logger { get; init; } = NullLogger.Instance;
}
