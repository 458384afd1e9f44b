using Microsoft.Extensions.Logging;

namespace Relay.Delivery;

/// <summary>What is logged. Every line of a message has its id.</summary>
internal static partial class DeliveryLog
{
    [LoggerMessage(1, LogLevel.Information, "DKIM key {Selector} of {Domain} was loaded again from {Path}.")]
    internal static partial void KeyLoaded(ILogger logger, string domain, string selector, string path);

    [LoggerMessage(2, LogLevel.Error, "DKIM key {Selector} of {Domain} has changed and cannot be loaded; the old one stays in use: {Problem}")]
    internal static partial void KeyNotLoaded(ILogger logger, string domain, string selector, string problem);
}
