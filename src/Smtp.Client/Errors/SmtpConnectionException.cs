using Smtp.Core;

namespace Smtp.Client;

/// <summary>
/// What ends a connection: <see cref="SmtpTransportException"/> or <see cref="SmtpReplyException"/>. A message that a server refuses is no
/// exception but a <see cref="SendResult"/>.
/// </summary>
public abstract class SmtpConnectionException : Exception
{
    private protected SmtpConnectionException(string message, string host, int port, SmtpStage stage, SendResult? result, Exception? inner)
        : base(stage == SmtpStage.None ? $"{host}:{port}: {message}" : $"{host}:{port}, {stage}: {message}", inner)
    {
        Text = message;
        Host = host;
        Port = port;
        Stage = stage;
        Result = result;
    }

    /// <summary>The server's host as in the options.</summary>
    public string Host { get; }

    /// <summary>The server's port.</summary>
    public int Port { get; }

    /// <summary>What was going on; <see cref="SmtpStage.None"/> for a message that got no connection.</summary>
    public SmtpStage Stage { get; }

    /// <summary>What is known of the message that was being sent; <see langword="null"/> if none was.</summary>
    public SendResult? Result { get; }

    /// <summary>Whether the server may have taken the message that was being sent, as it broke off behind the end of data.</summary>
    public bool MayHaveBeenCommitted => Result is { MayHaveBeenCommitted: true };

    /// <summary>The message without host and stage.</summary>
    private protected string Text { get; }

    /// <summary>The same failure, as one of several messages meets it that waited for the same connection.</summary>
    internal abstract SmtpConnectionException For(SendResult result);
}
