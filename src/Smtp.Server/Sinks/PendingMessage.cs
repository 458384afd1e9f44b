using System.Net;
using Smtp.Core;

namespace Smtp.Server;

/// <summary>A message that has come through a <see cref="ChannelMessageSink"/>. Its client waits until it is answered: <see cref="Accept"/> or <see cref="Refuse"/>.</summary>
public sealed class PendingMessage
{
    private readonly TaskCompletionSource<SmtpReply> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal PendingMessage(SmtpSessionContext session, Envelope envelope, ReadOnlyMemory<byte> content)
    {
        ConnectionId = session.ConnectionId;
        RemoteEndPoint = session.RemoteEndPoint;
        Identity = session.Identity;
        ReversePath = envelope.ReversePath.ToOwned();
        ForwardPaths = envelope.CopyForwardPaths();
        Content = content;
    }

    /// <summary>The number of the connection that it came over.</summary>
    public long ConnectionId { get; }

    /// <summary>Who it came from; null if the transport has no addresses.</summary>
    public EndPoint? RemoteEndPoint { get; }

    /// <summary>Who the client proved to be with AUTH, or null.</summary>
    public string? Identity { get; }

    /// <summary>Where notifications go; the null path for notifications themselves.</summary>
    public SmtpPath ReversePath { get; }

    /// <summary>Whom it is for, at least one.</summary>
    public IReadOnlyList<SmtpPath> ForwardPaths { get; }

    /// <summary>Header and body, with CRLF line endings. Stays valid.</summary>
    public ReadOnlyMemory<byte> Content { get; }

    internal Task<SmtpReply> Answer => _answer.Task;

    /// <summary>Answers 250: the message is safe now (RFC 5321 §6.1). Only the first answer counts.</summary>
    /// <returns>Whether this was it, and the client still waited.</returns>
    public bool Accept() => _answer.TrySetResult(Replies.MessageAccepted);

    /// <summary>Answers with a refusal, so that the client keeps the message. Only the first answer counts.</summary>
    /// <param name="reply">A 4yz or 5yz.</param>
    /// <returns>Whether this was it, and the client still waited.</returns>
    public bool Refuse(SmtpReply reply) =>
        reply.IsPositive ? throw new ArgumentException("A refusal is 4yz or 5yz.", nameof(reply)) : _answer.TrySetResult(reply);

    internal void GiveUp() => _answer.TrySetCanceled(CancellationToken.None);
}
