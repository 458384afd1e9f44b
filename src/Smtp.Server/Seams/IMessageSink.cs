using Smtp.Core;

namespace Smtp.Server;

/// <summary>Where messages go. One instance serves all sessions at once.</summary>
public interface IMessageSink
{
    /// <summary>
    /// The extensions that the sink can honour besides those that the engine settles alone. Offered only if named here:
    /// <see cref="SmtpExtensions.SmtpUtf8"/>, <see cref="SmtpExtensions.BinaryMime"/>, <see cref="SmtpExtensions.Dsn"/>,
    /// <see cref="SmtpExtensions.RequireTls"/>. Read once, at start. Default none.
    /// </summary>
    SmtpExtensions SupportedExtensions => SmtpExtensions.None;

    /// <summary>Makes ready for one message, when DATA or the first BDAT came and before its body does.</summary>
    /// <param name="session">Whose message it is.</param>
    /// <param name="envelope">Its envelope, valid until the writer's commit or abort has completed.</param>
    /// <param name="cancellationToken">Fires when the connection is gone or the server stops for good.</param>
    /// <returns>A writer, or a refusal. An exception is logged and answered 451 4.3.0.</returns>
    ValueTask<MessageOpening> OpenAsync(SmtpSessionContext session, Envelope envelope, CancellationToken cancellationToken);
}
