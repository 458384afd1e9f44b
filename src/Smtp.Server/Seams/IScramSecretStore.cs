using Smtp.Core;

namespace Smtp.Server;

/// <summary>An optional ability of an <see cref="ISmtpAuthenticator"/>: with it SCRAM-SHA-256 is offered, so that no password crosses the network.</summary>
public interface IScramSecretStore
{
    /// <summary>Finds a user's secret.</summary>
    /// <param name="session">Who asks.</param>
    /// <param name="userName">As the client wrote it.</param>
    /// <param name="cancellationToken">Fires when the connection is gone or the server stops for good.</param>
    /// <returns>Null for an unknown user: the client then fails at the end and cannot tell why. An exception is logged and answered 454 4.7.0.</returns>
    ValueTask<ScramSecret?> FindSecretAsync(SmtpSessionContext session, string userName, CancellationToken cancellationToken);
}
