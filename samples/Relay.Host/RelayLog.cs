using Microsoft.Extensions.Logging;

namespace Relay.Host;

/// <summary>All that the relay host logs besides the engine's own logs. No password and no text of a body ever gets here.</summary>
internal static partial class RelayLog
{
    [LoggerMessage(1, LogLevel.Information, "{Id} relayed from <{ReversePath}> to {Recipients} recipients through {NextHop}: {Reply}")]
    internal static partial void Relayed(ILogger logger, string id, string reversePath, int recipients, string nextHop, string reply);

    [LoggerMessage(2, LogLevel.Warning, "{Id} from <{ReversePath}> to {Recipients} recipients not relayed through {NextHop}: {Reply}")]
    internal static partial void NotRelayed(ILogger logger, string id, string reversePath, int recipients, string nextHop, string reply, Exception? error);

    [LoggerMessage(3, LogLevel.Information, "{Id} from <{ReversePath}> dropped: the submitter ended it, or it was refused")]
    internal static partial void Dropped(ILogger logger, string id, string reversePath);

    [LoggerMessage(10, LogLevel.Information, "Captured {Path}: {Octets} octets from <{ReversePath}> to {Recipients} recipients")]
    internal static partial void Captured(ILogger logger, string path, long octets, string reversePath, int recipients);
}
