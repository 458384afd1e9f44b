using Microsoft.Extensions.Logging;
using Smtp.Core;

namespace Smtp.Client;

/// <summary>What the client logs. Event ids 1000 to 1099 for a connection, 1100 to 1199 for the pool.</summary>
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

    [LoggerMessage(1022, LogLevel.Debug, "{Host}:{Port} was gone before it had answered QUIT")]
    internal static partial void GoneAtQuit(ILogger logger, string host, int port);

    [LoggerMessage(1100, LogLevel.Debug, "The pool for {Host}:{Port} opened a connection in {Milliseconds} ms")]
    internal static partial void PoolOpened(ILogger logger, string host, int port, double milliseconds);

    [LoggerMessage(1101, LogLevel.Warning, "The pool for {Host}:{Port} could not open a connection")]
    internal static partial void PoolOpenFailed(ILogger logger, Exception error, string host, int port);

    [LoggerMessage(1102, LogLevel.Debug, "The pool for {Host}:{Port} closed a connection that was used {Uses} times: {Reason}")]
    internal static partial void PoolClosed(ILogger logger, string host, int port, int uses, PoolCloseReason reason);

    [LoggerMessage(1103, LogLevel.Warning, "No connection to {Host}:{Port} came free in {Seconds} s; the pool has {Connections}")]
    internal static partial void PoolOverdue(ILogger logger, string host, int port, double seconds, int connections);

    [LoggerMessage(1104, LogLevel.Debug, "The connection to {Host}:{Port} had gone stale before anything was committed; the message goes over a fresh one")]
    internal static partial void Retrying(ILogger logger, Exception? error, string host, int port);

    [LoggerMessage(1105, LogLevel.Information, "The pool for {Host}:{Port} is being closed: {InUse} sends are under way, {Waiting} that wait are failed")]
    internal static partial void PoolClosing(ILogger logger, string host, int port, int inUse, int waiting);

    [LoggerMessage(1106, LogLevel.Warning, "The pool for {Host}:{Port} broke {Connections} connections off that were not done within the grace")]
    internal static partial void PoolBrokenOff(ILogger logger, string host, int port, int connections);

    [LoggerMessage(1090, LogLevel.Trace, "C: {Line}")]
    internal static partial void LineSent(ILogger logger, string line);

    [LoggerMessage(1091, LogLevel.Trace, "S: {Line}")]
    internal static partial void LineReceived(ILogger logger, string line);
}
