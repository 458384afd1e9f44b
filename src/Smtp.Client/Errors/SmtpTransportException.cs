using Smtp.Core;

namespace Smtp.Client;

/// <summary>The connection could not be made, or was lost.</summary>
public sealed class SmtpTransportException : SmtpConnectionException
{
    internal SmtpTransportException(
        TransportFailure failure, string message, string host, int port, SmtpStage stage, SendResult? result, Exception? inner)
        : base(message, host, port, stage, result, inner) => Failure = failure;

    /// <summary>How it failed.</summary>
    public TransportFailure Failure { get; }

    internal override SmtpConnectionException For(SendResult result) =>
        new SmtpTransportException(Failure, Text, Host, Port, Stage, result, this);
}
