using Smtp.Core;

namespace Smtp.Server.Tests;

/// <summary>Knows <see cref="ScriptedAuthenticator.User"/> by password and by SCRAM; now and then it is slow or fails.</summary>
internal sealed class HostileUsers : ISmtpAuthenticator, IScramSecretStore
{
    private static readonly ScramSecret Secret = ScramSecret.Create(ScriptedAuthenticator.Password, 4096);
    private int _asked;

    public async ValueTask<AuthenticationResult> AuthenticateAsync(SmtpSessionContext session, SaslCredentials credentials, CancellationToken cancellationToken)
    {
        await HesitateAsync(cancellationToken);
        return await new ScriptedAuthenticator().AuthenticateAsync(session, credentials, cancellationToken);
    }

    public async ValueTask<ScramSecret?> FindSecretAsync(SmtpSessionContext session, string userName, CancellationToken cancellationToken)
    {
        await HesitateAsync(cancellationToken);
        return userName == ScriptedAuthenticator.User ? Secret : null;
    }

    private async ValueTask HesitateAsync(CancellationToken cancellationToken)
    {
        int asked = Interlocked.Increment(ref _asked);
        if (asked % 5 == 0)
        {
            await Task.Delay(asked % 7, cancellationToken);
        }

        if (asked % 11 == 0)
        {
            throw new InvalidOperationException("no directory");
        }
    }
}
