using Microsoft.Extensions.DependencyInjection;
using Smtp.Core;
using Smtp.Server;

namespace Smtp.Hosting;

/// <summary>Gives each check a service scope and a policy of its own.</summary>
internal sealed class ScopedPolicy(IServiceScopeFactory scopes, Func<IServiceProvider, IEnvelopePolicy> get) : IEnvelopePolicy
{
    /// <inheritdoc/>
    public ValueTask<SmtpReply> CheckClientAsync(SmtpSessionContext session, CancellationToken cancellationToken) =>
        CheckAsync(policy => policy.CheckClientAsync(session, cancellationToken));

    /// <inheritdoc/>
    public ValueTask<SmtpReply> CheckHelloAsync(SmtpSessionContext session, CancellationToken cancellationToken) =>
        CheckAsync(policy => policy.CheckHelloAsync(session, cancellationToken));

    /// <inheritdoc/>
    public ValueTask<SmtpReply> CheckSenderAsync(SmtpSessionContext session, Envelope envelope, CancellationToken cancellationToken) =>
        CheckAsync(policy => policy.CheckSenderAsync(session, envelope, cancellationToken));

    /// <inheritdoc/>
    public ValueTask<SmtpReply> CheckRecipientAsync(
        SmtpSessionContext session, Envelope envelope, EnvelopeRecipient recipient, CancellationToken cancellationToken) =>
        CheckAsync(policy => policy.CheckRecipientAsync(session, envelope, recipient, cancellationToken));

    /// <inheritdoc/>
    public ValueTask<SmtpReply> CheckDataAsync(SmtpSessionContext session, Envelope envelope, CancellationToken cancellationToken) =>
        CheckAsync(policy => policy.CheckDataAsync(session, envelope, cancellationToken));

    private async ValueTask<SmtpReply> CheckAsync(Func<IEnvelopePolicy, ValueTask<SmtpReply>> check)
    {
        AsyncServiceScope scope = scopes.CreateAsyncScope();
        await using (scope.ConfigureAwait(false))
        {
            return await check(get(scope.ServiceProvider)).ConfigureAwait(false);
        }
    }
}
