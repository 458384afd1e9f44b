using Smtp.Core;

namespace Smtp.Server;

/// <summary>Checks passwords with a delegate, such as a call to the application's own user store.</summary>
/// <param name="check">
/// Gets user name and password and says whether they are right. Take the same time for unknown users as for wrong passwords. An exception is logged and answered
/// 454 4.7.0.
/// </param>
public sealed class DelegateAuthenticator(Func<string, string, CancellationToken, ValueTask<bool>> check) : ISmtpAuthenticator
{
    /// <inheritdoc/>
    public async ValueTask<AuthenticationResult> AuthenticateAsync(SmtpSessionContext session, SaslCredentials credentials, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(credentials);

        // Without a password it is a mechanism that this knows nothing of.
        return credentials.Password is { } password && await check(credentials.AuthenticationIdentity, password, cancellationToken).ConfigureAwait(false)
            ? AuthenticationResult.Success(credentials.AuthenticationIdentity)
            : AuthenticationResult.Failure;
    }
}
