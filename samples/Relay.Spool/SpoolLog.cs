using Microsoft.Extensions.Logging;

namespace Relay.Spool;

/// <summary>All that the spool logs.</summary>
internal static partial class SpoolLog
{
    [LoggerMessage(40, LogLevel.Error, "The store of {Path} does not work: {Reason}. Nothing is taken until it does")]
    internal static partial void Failed(ILogger logger, string path, string reason, Exception? error);

    [LoggerMessage(41, LogLevel.Information, "The store of {Path} works again")]
    internal static partial void Recovered(ILogger logger, string path);

    [LoggerMessage(42, LogLevel.Information, "{Recipients} recipients were leased when the last process ended, and are due again")]
    internal static partial void LeasesRecovered(ILogger logger, long recipients);

    [LoggerMessage(43, LogLevel.Error, "{Id} recipient {Index} is held: {Lost} leases of it ended without a word, as if it broke the program")]
    internal static partial void Poison(ILogger logger, MessageId id, int index, int lost);

    [LoggerMessage(44, LogLevel.Error, "{Id} is quarantined: {Reason}")]
    internal static partial void Quarantined(ILogger logger, MessageId id, string reason);

    [LoggerMessage(45, LogLevel.Warning, "{Id} the lease {Token} was lost: its outcome is not stored, and it may be delivered twice")]
    internal static partial void LeaseLost(ILogger logger, MessageId id, long token);

    [LoggerMessage(46, LogLevel.Information, "{Files} files of messages that were never taken were removed")]
    internal static partial void OrphansRemoved(ILogger logger, int files);

    [LoggerMessage(47, LogLevel.Warning, "Upkeep of the store failed, and will be tried again")]
    internal static partial void UpkeepFailed(ILogger logger, Exception error);

    [LoggerMessage(48, LogLevel.Error, "A quarantined content could not be moved aside: {Id}")]
    internal static partial void NotMoved(ILogger logger, MessageId id, Exception error);

    [LoggerMessage(52, LogLevel.Warning, "{Recipients} waiting recipients had lost their place in the queue, as rows of its lanes are missing or wrong: they have it again")]
    internal static partial void StraysFound(ILogger logger, int recipients);

    [LoggerMessage(49, LogLevel.Warning, "The clock is {Seconds:0} s behind the last event, as if it had been set back: {Recipients} waiting recipients were moved back with it")]
    internal static partial void ClockWasSetBack(ILogger logger, double seconds, long recipients);

    [LoggerMessage(50, LogLevel.Information, "{Id} queued from <{ReversePath}> to {Recipients} recipients, {Octets} octets")]
    internal static partial void Queued(ILogger logger, MessageId id, string reversePath, int recipients, long octets);

    [LoggerMessage(51, LogLevel.Warning, "{Id} from <{ReversePath}> not taken, answered {Code}: {Reason}")]
    internal static partial void NotStored(ILogger logger, MessageId id, string reversePath, int code, string reason);
}
