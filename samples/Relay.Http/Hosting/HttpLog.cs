using Microsoft.Extensions.Logging;

namespace Relay.Http;

/// <summary>All that the service logs besides the frameworks' own logs. No key and no content of a message ever gets here.</summary>
internal static partial class HttpLog
{
    [LoggerMessage(100, LogLevel.Error, "The figures cannot be summed up; trying again")]
    internal static partial void FiguresFailed(ILogger logger, Exception error);

    [LoggerMessage(101, LogLevel.Error, "Webhook deliveries cannot be prepared; trying again")]
    internal static partial void WebhooksFailed(ILogger logger, Exception error);

    [LoggerMessage(102, LogLevel.Warning, "Webhook {Id} was switched off: {Why}")]
    internal static partial void WebhookDisabled(ILogger logger, string id, string why);

    [LoggerMessage(103, LogLevel.Error, "The service's upkeep failed; trying again")]
    internal static partial void UpkeepFailed(ILogger logger, Exception error);

    [LoggerMessage(104, LogLevel.Warning, "{MessageId}: header fields passed over: {PassedOver}")]
    internal static partial void LabelsPassedOver(ILogger logger, string messageId, string passedOver);

    [LoggerMessage(105, LogLevel.Error, "A request failed: {Method} {Path}")]
    internal static partial void RequestFailed(ILogger logger, Exception error, string method, string path);
}
