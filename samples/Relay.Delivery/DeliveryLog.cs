using Microsoft.Extensions.Logging;
using Relay.Spool;

namespace Relay.Delivery;

/// <summary>What is logged. Every line of a message has its id.</summary>
internal static partial class DeliveryLog
{
    [LoggerMessage(1, LogLevel.Information, "DKIM key {Selector} of {Domain} was loaded again from {Path}.")]
    internal static partial void KeyLoaded(ILogger logger, string domain, string selector, string path);

    [LoggerMessage(2, LogLevel.Error, "DKIM key {Selector} of {Domain} has changed and cannot be loaded; the old one stays in use: {Problem}")]
    internal static partial void KeyNotLoaded(ILogger logger, string domain, string selector, string problem);

    [LoggerMessage(3, LogLevel.Information, "{Id}: delivered to <{Recipient}> by {Host}, attempt {Attempt}, {Seconds:0.0} s after it was due: {Code} {Text}")]
    internal static partial void Delivered(
        ILogger logger, MessageId id, string recipient, string host, int attempt, double seconds, int code, string text);

    [LoggerMessage(4, LogLevel.Information, "{Id}: deferred for <{Recipient}> at {Host}, attempt {Attempt}, next at {Next:u}: {Reply}")]
    internal static partial void Deferred(ILogger logger, MessageId id, string recipient, string host, int attempt, DateTimeOffset next, string reply);

    [LoggerMessage(5, LogLevel.Warning, "{Id}: not delivered to <{Recipient}> at {Host}, attempt {Attempt}, {State} ({Reason}): {Reply}")]
    internal static partial void Ended(
        ILogger logger, MessageId id, string recipient, string host, int attempt, RecipientState state, string reason, string reply);

    [LoggerMessage(6, LogLevel.Error, "{Id}: what became of it cannot be stored, and is tried again: {Problem}")]
    internal static partial void NotBooked(ILogger logger, MessageId id, string problem);

    [LoggerMessage(7, LogLevel.Error, "The queue cannot be read, and is tried again: {Problem}")]
    internal static partial void NotLeased(ILogger logger, string problem);

    [LoggerMessage(22, LogLevel.Error, "{Id}: its content cannot be read, and is tried again: {Problem}")]
    internal static partial void NotRead(ILogger logger, MessageId id, string problem);

    [LoggerMessage(21, LogLevel.Error, "The relay failed on the queue, which is tried again")]
    internal static partial void LeasingBroke(ILogger logger, Exception error);

    [LoggerMessage(8, LogLevel.Error, "{Id}: the relay failed on it ({Times} times).")]
    internal static partial void Crashed(ILogger logger, Exception error, MessageId id, int times);

    [LoggerMessage(9, LogLevel.Warning, "{Site} is left alone for {Seconds:0} s: {Reason}")]
    internal static partial void Resting(ILogger logger, string site, double seconds, string reason);

    [LoggerMessage(10, LogLevel.Information, "{Site} works again.")]
    internal static partial void Recovered(ILogger logger, string site);

    [LoggerMessage(11, LogLevel.Warning, "{Host} offers TLS that fails; mail goes to it without: {Problem}")]
    internal static partial void TlsGivenUp(ILogger logger, string host, string problem);

    [LoggerMessage(12, LogLevel.Warning, "{Count} messages were being sent when the time to stop was over; they are tried again.")]
    internal static partial void StoppedHard(ILogger logger, int count);

    [LoggerMessage(13, LogLevel.Error, "The relay failed to connect to {Site}.")]
    internal static partial void NotOpened(ILogger logger, Exception error, string site);

    [LoggerMessage(14, LogLevel.Information, "{Count} delivery rules were loaded again from {Path}.")]
    internal static partial void RulesLoaded(ILogger logger, int count, string path);

    [LoggerMessage(15, LogLevel.Error, "The delivery rules of {Path} have changed and cannot be used; the old ones stay in force: {Problem}")]
    internal static partial void RulesNotLoaded(ILogger logger, string path, string problem);

    [LoggerMessage(16, LogLevel.Warning, "{Site}: rule of line {Line} ({Rule}) by: {Reply}")]
    internal static partial void RuleApplied(ILogger logger, string site, int line, string rule, string reply);

    [LoggerMessage(17, LogLevel.Error, "The relay's own notes cannot be kept: {Problem}")]
    internal static partial void NotNoted(ILogger logger, string problem);

    [LoggerMessage(18, LogLevel.Information, "A report came to {Address}, whose message is no longer known.")]
    internal static partial void ReportUnknown(ILogger logger, string address);

    [LoggerMessage(19, LogLevel.Information, "{Id}: what came back for <{Recipient}> is no bounce.")]
    internal static partial void ReportSaysNothing(ILogger logger, MessageId id, string recipient);

    [LoggerMessage(20, LogLevel.Warning, "{Id}: reported for <{Recipient}>: {Type} ({Reason}): {Text}")]
    internal static partial void ReportBooked(ILogger logger, MessageId id, string recipient, SpoolEventType type, string reason, string text);
}
