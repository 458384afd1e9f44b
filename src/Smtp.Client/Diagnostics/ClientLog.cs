using Microsoft.Extensions.Logging;
using Smtp.Core;

namespace Smtp.Client;

/// <summary>What the client logs. Event ids 1000 to 1099.</summary>
internal static partial class ClientLog
{
    [LoggerMessage(1000, LogLevel.Debug, "Connected to {Host}:{Port}")]
    internal static partial void Connected(ILogger logger, string host, int port);

    [LoggerMessage(1001, LogLevel.Debug, "TLS with {Host}:{Port}: {Protocol}, {CipherSuite}, certificate errors {PolicyErrors}")]
    internal static partial void Secured(ILogger logger, string host, int port, string protocol, string cipherSuite, string policyErrors);

    [LoggerMessage(1002, LogLevel.Debug, "Authenticated to {Host}:{Port} by {Mechanism}")]
    internal static partial void Authenticated(ILogger logger, string host, int port, string mechanism);

    [LoggerMessage(1003, LogLevel.Debug, "Session with {Host}:{Port} is ready, offering {Extensions}")]
    internal static partial void Ready(ILogger logger, string host, int port, SmtpExtensions extensions);

    [LoggerMessage(1010, LogLevel.Debug, "Message sent to {Host}:{Port}: {Accepted} of {Recipients} recipients accepted")]
    internal static partial void Sent(ILogger logger, string host, int port, int accepted, int recipients);

    [LoggerMessage(1011, LogLevel.Information, "{Host}:{Port} did not take a message for all: {Accepted} of {Recipients} recipients accepted")]
    internal static partial void SentInPart(ILogger logger, string host, int port, int accepted, int recipients);

    [LoggerMessage(1020, LogLevel.Warning, "Connection to {Host}:{Port} failed at {Stage}")]
    internal static partial void Failed(ILogger logger, Exception error, string host, int port, SmtpStage stage);

    [LoggerMessage(1021, LogLevel.Debug, "{Host}:{Port} closes the session: {Reply}")]
    internal static partial void ClosedByServer(ILogger logger, string host, int port, string reply);

    [LoggerMessage(1090, LogLevel.Trace, "C: {Line}")]
    internal static partial void LineSent(ILogger logger, string line);

    [LoggerMessage(1091, LogLevel.Trace, "S: {Line}")]
    internal static partial void LineReceived(ILogger logger, string line);
}
