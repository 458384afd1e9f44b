using Smtp.Core;

namespace Smtp.Server.Tests;

/// <summary>A policy whose checks a test sets one by one.</summary>
internal sealed class ScriptedPolicy : IEnvelopePolicy
{
    internal Func<SmtpSessionContext, CancellationToken, ValueTask<SmtpReply>>? OnClient { get; init; }

    internal Func<SmtpSessionContext, CancellationToken, ValueTask<SmtpReply>>? OnHello { get; init; }

    internal Func<Envelope, CancellationToken, ValueTask<SmtpReply>>? OnSender { get; init; }

    internal Func<EnvelopeRecipient, CancellationToken, ValueTask<SmtpReply>>? OnRecipient { get; init; }

    public ValueTask<SmtpReply> CheckClientAsync(SmtpSessionContext session, CancellationToken cancellationToken) =>
        OnClient?.Invoke(session, cancellationToken) ?? default;

    public ValueTask<SmtpReply> CheckHelloAsync(SmtpSessionContext session, CancellationToken cancellationToken) =>
        OnHello?.Invoke(session, cancellationToken) ?? default;

    public ValueTask<SmtpReply> CheckSenderAsync(SmtpSessionContext session, Envelope envelope, CancellationToken cancellationToken) =>
        OnSender?.Invoke(envelope, cancellationToken) ?? default;

    public ValueTask<SmtpReply> CheckRecipientAsync(
        SmtpSessionContext session, Envelope envelope, EnvelopeRecipient recipient, CancellationToken cancellationToken) =>
        OnRecipient?.Invoke(recipient, cancellationToken) ?? default;
}
