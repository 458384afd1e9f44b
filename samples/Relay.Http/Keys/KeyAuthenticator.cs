using Smtp.Core;
using Smtp.Server;

namespace Relay.Http;

/// <summary>SMTP submission with the keys of the API: any user name, or the key's id, and the key's text as the password. Other users are asked behind it.</summary>
/// <param name="keys">The keys.</param>
/// <param name="others">Who checks what is no key; null for nobody.</param>
internal sealed class KeyAuthenticator(KeyStore keys, ISmtpAuthenticator? others) : ISmtpAuthenticator
{
    /// <inheritdoc/>
    public async ValueTask<AuthenticationResult> AuthenticateAsync(SmtpSessionContext session, SaslCredentials credentials, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(credentials);
        if (credentials.Password is { } password && await keys.VerifyAsync(password, cancellationToken).ConfigureAwait(false) is { } key)
        {
            return key.Has(KeyScopes.Send) ? AuthenticationResult.Success(key.Id) : AuthenticationResult.Failure;
        }

        return others is null ? AuthenticationResult.Failure : await others.AuthenticateAsync(session, credentials, cancellationToken).ConfigureAwait(false);
    }
}
