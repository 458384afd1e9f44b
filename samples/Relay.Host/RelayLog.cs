using Microsoft.Extensions.Logging;

namespace Relay.Host;

/// <summary>All that the relay host logs besides the engine's own logs. No password and no text of a body ever gets here.</summary>
internal static partial class RelayLog
{
    [LoggerMessage(10, LogLevel.Information, "Captured {Path}: {Octets} octets from <{ReversePath}> to {Recipients} recipients")]
    internal static partial void Captured(ILogger logger, string path, long octets, string reversePath, int recipients);

    [LoggerMessage(11, LogLevel.Information, "The configuration was read again; delivery goes by it from now on.")]
    internal static partial void Reloaded(ILogger logger);

    [LoggerMessage(12, LogLevel.Error, "The configuration has changed and cannot be taken; what was in force stays: {Problem}")]
    internal static partial void NotReloaded(ILogger logger, string problem);

    [LoggerMessage(13, LogLevel.Warning, "{Path} holds secrets and has the mode {Mode}: others than its owner may read or change it. Make it 0600.")]
    internal static partial void Exposed(ILogger logger, string path, string mode);
}
