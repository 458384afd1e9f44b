using Smtp.Core;

namespace Smtp.Server.Tests;

/// <summary>Knows one user, or does what a test says.</summary>
internal sealed class ScriptedAuthenticator : ISmtpAuthenticator
{
    internal const string User = "alice";
    internal const string Password = "c0rrect-h0rse-battery";

    internal Func<SaslCredentials, CancellationToken, ValueTask<AuthenticationResult>>? OnAuthenticate { get; init; }

    public ValueTask<AuthenticationResult> AuthenticateAsync(SmtpSessionContext session, SaslCredentials credentials, CancellationToken cancellationToken)
    {
        if (OnAuthenticate is { } authenticate)
        {
            return authenticate(credentials, cancellationToken);
        }

        bool right = credentials.AuthenticationIdentity == User && credentials.Password == Password;
        return ValueTask.FromResult(right ? AuthenticationResult.Success(User) : AuthenticationResult.Failure);
    }
}
