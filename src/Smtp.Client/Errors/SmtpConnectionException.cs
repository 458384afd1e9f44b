using Smtp.Core;

namespace Smtp.Client;

/// <summary>
/// What ends a connection: <see cref="SmtpTransportException"/> or <see cref="SmtpReplyException"/>. A message that a server refuses is no
/// exception but a <see cref="SendResult"/>.
/// </summary>
public abstract class SmtpConnectionException : Exception
{
    private protected SmtpConnectionException(string message, string host, int port, SmtpStage stage, SendResult? result, Exception? inner)
        : base($"{host}:{port}, {stage}: {message}", inner)
    {
        Host = host;
        Port = port;
        Stage = stage;
        Result = result;
    }

    /// <summary>The server's host as in the options.</summary>
    public string Host { get; }

    /// <summary>The server's port.</summary>
    public int Port { get; }

    /// <summary>What was going on.</summary>
    public SmtpStage Stage { get; }

    /// <summary>What is known of the message that was being sent; <see langword="null"/> if none was.</summary>
    public SendResult? Result { get; }

    /// <summary>Whether the server may have taken the message that was being sent, as it broke off behind the end of data.</summary>
    public bool MayHaveBeenCommitted => Result is { MayHaveBeenCommitted: true };
}
