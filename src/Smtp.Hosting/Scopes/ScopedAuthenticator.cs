using Microsoft.Extensions.DependencyInjection;
using Smtp.Core;
using Smtp.Server;

namespace Smtp.Hosting;

/// <summary>Gives each AUTH a service scope and an authenticator of its own.</summary>
internal class ScopedAuthenticator : ISmtpAuthenticator
{
    private readonly IServiceScopeFactory _scopes;
    private readonly Func<IServiceProvider, ISmtpAuthenticator> _get;

    private ScopedAuthenticator(IServiceScopeFactory scopes, Func<IServiceProvider, ISmtpAuthenticator> get)
    {
        _scopes = scopes;
        _get = get;
    }

    /// <summary>Makes one, that is also an <see cref="IScramSecretStore"/> if the type is.</summary>
    internal static ScopedAuthenticator Create<T>(IServiceScopeFactory scopes, Func<IServiceProvider, T> get)
        where T : ISmtpAuthenticator => typeof(IScramSecretStore).IsAssignableFrom(typeof(T))
            ? new WithSecrets(scopes, services => get(services))
            : new ScopedAuthenticator(scopes, services => get(services));

    /// <inheritdoc/>
    public async ValueTask<AuthenticationResult> AuthenticateAsync(SmtpSessionContext session, SaslCredentials credentials, CancellationToken cancellationToken)
    {
        AsyncServiceScope scope = _scopes.CreateAsyncScope();
        await using (scope.ConfigureAwait(false))
        {
            return await _get(scope.ServiceProvider).AuthenticateAsync(session, credentials, cancellationToken).ConfigureAwait(false);
        }
    }

    private sealed class WithSecrets(IServiceScopeFactory scopes, Func<IServiceProvider, ISmtpAuthenticator> get)
        : ScopedAuthenticator(scopes, get), IScramSecretStore
    {
        public async ValueTask<ScramSecret?> FindSecretAsync(SmtpSessionContext session, string userName, CancellationToken cancellationToken)
        {
            AsyncServiceScope scope = _scopes.CreateAsyncScope();
            await using (scope.ConfigureAwait(false))
            {
                return await ((IScramSecretStore)_get(scope.ServiceProvider)).FindSecretAsync(session, userName, cancellationToken).ConfigureAwait(false);
            }
        }
    }
}
