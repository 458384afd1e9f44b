using Smtp.Core;

namespace Smtp.Server;

/// <summary>Checks passwords. One instance serves all sessions at once.</summary>
public interface ISmtpAuthenticator
{
    /// <summary>Checks credentials of PLAIN or LOGIN.</summary>
    /// <param name="session">Whose credentials they are.</param>
    /// <param name="credentials">
    /// What was claimed. Where <see cref="SaslCredentials.AuthorizationIdentity"/> names somebody else than
    /// <see cref="SaslCredentials.AuthenticationIdentity"/>, only <see cref="AuthenticationResult.Success"/> with exactly that name lets the client act as them.
    /// </param>
    /// <param name="cancellationToken">Fires when the connection is gone or the server stops for good.</param>
    /// <remarks>Take the same time for unknown users as for wrong passwords. An exception is logged and answered 454 4.7.0.</remarks>
    ValueTask<AuthenticationResult> AuthenticateAsync(SmtpSessionContext session, SaslCredentials credentials, CancellationToken cancellationToken);
}
