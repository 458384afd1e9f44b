using Smtp.Core;

namespace Smtp.Server;

/// <summary>An optional ability of an <see cref="ISmtpAuthenticator"/>: with it SCRAM-SHA-256 is offered, so that no password crosses the network.</summary>
public interface IScramSecretStore
{
    /// <summary>Finds a user's secret.</summary>
    /// <param name="session">Who asks.</param>
    /// <param name="userName">As the client wrote it.</param>
    /// <param name="cancellationToken">Fires when the connection is gone or the server stops for good.</param>
    /// <returns>
    /// For an unknown user <see cref="ScramSecret.CreateDecoy"/> with the store's own key and iterations: the client then fails at the end and cannot tell why, nor from
    /// one day to the next. Or null, for a decoy of <see cref="ScramSecret.DefaultIterations"/> that is the same as long as the process runs: who asks behind a
    /// restart again, or sees that known users have other iterations, can tell. An exception is logged and answered 454 4.7.0.
    /// </returns>
    ValueTask<ScramSecret?> FindSecretAsync(SmtpSessionContext session, string userName, CancellationToken cancellationToken);
}
