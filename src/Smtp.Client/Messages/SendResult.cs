using Smtp.Core;

namespace Smtp.Client;

/// <summary>
/// What is known of a message that was sent, recipient by recipient. An instance given to
/// <see cref="SmtpConnection.SendAsync(SmtpMessage, SendResult, CancellationToken)"/> is filled anew, which allocates nothing; what was read
/// from it before is then no longer valid.
/// </summary>
public sealed class SendResult
{
    /// <summary>Whether the server has taken the message for every recipient.</summary>
    public bool IsAccepted => Recipients.IsAccepted;

    /// <summary>Whether the connection broke between the end of data and its reply, so that the server may have taken the message.</summary>
    public bool MayHaveBeenCommitted => Recipients.MayHaveBeenCommitted;

    /// <summary>What became of each recipient, in the order of the envelope.</summary>
    public TransactionReport Recipients { get; private set; } = new();

    /// <summary>The server's host, of those in the options; empty before a message was sent.</summary>
    public string Host { get; private set; } = string.Empty;

    /// <summary>The server's port.</summary>
    public int Port { get; private set; }

    /// <summary>The TLS that protected the message; <see langword="null"/> for none.</summary>
    public TlsFacts? Tls { get; private set; }

    internal void SetConnection(string host, int port, TlsFacts? tls)
    {
        Host = host;
        Port = port;
        Tls = tls;
    }

    /// <summary>Says that there was no connection to send the message over, or that nothing more is known of it than how far it was sent.</summary>
    internal void SetUnsent(OutgoingEnvelope envelope, string host, int port, SmtpStage stage)
    {
        SetConnection(host, port, null);
        Recipients.Fail(envelope, stage);
    }

    /// <summary>Takes over what another result says, and leaves it what can be filled anew. Copies nothing.</summary>
    internal void Swap(SendResult other)
    {
        (Recipients, other.Recipients) = (other.Recipients, Recipients);
        SetConnection(other.Host, other.Port, other.Tls);
    }
}
