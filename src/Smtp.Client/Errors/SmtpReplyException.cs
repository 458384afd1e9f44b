using Smtp.Core;

namespace Smtp.Client;

/// <summary>The server refused the session, does not offer what the options demand of it, or broke the protocol.</summary>
public sealed class SmtpReplyException : SmtpConnectionException
{
    internal SmtpReplyException(
        string message, ReceivedReply reply, PeerViolation violation, string host, int port, SmtpStage stage, SendResult? result, Exception? inner = null)
        : base(message, host, port, stage, result, inner)
    {
        Reply = reply.ToOwned();
        Violation = violation;
    }

    /// <summary>The server's last reply; none if it said nothing that can be read.</summary>
    public ReceivedReply Reply { get; }

    /// <summary>How the server broke the protocol; <see cref="PeerViolation.None"/> if it only refused.</summary>
    public PeerViolation Violation { get; }

    internal override SmtpConnectionException For(SendResult result) =>
        new SmtpReplyException(Text, Reply, Violation, Host, Port, Stage, result, this);
}
