using System.Globalization;
using System.Net;
using System.Text;
using Smtp.Core;
using Smtp.Server;

namespace Relay.Host;

/// <summary>What stands in the <c>.json</c> file beside a captured message.</summary>
/// <param name="Id">The name of both files without extension.</param>
/// <param name="ReceivedAt">When the end of the message had come.</param>
/// <param name="ReversePath">The reverse-path without brackets; empty for the null path.</param>
/// <param name="ForwardPaths">The recipients.</param>
/// <param name="Parameters">MAIL's parameters.</param>
/// <param name="Session">The session's facts.</param>
/// <param name="Octets">The length of the <c>.eml</c> file.</param>
internal sealed record CapturedEnvelope(
    string Id,
    DateTimeOffset ReceivedAt,
    string ReversePath,
    IReadOnlyList<string> ForwardPaths,
    CapturedEnvelope.MailParameters Parameters,
    CapturedEnvelope.SessionFacts Session,
    long Octets)
{
    /// <summary>Takes what is known of a message.</summary>
    internal static CapturedEnvelope Create(string id, DateTimeOffset receivedAt, SmtpSessionContext session, Envelope envelope, long octets) => new(
        id,
        receivedAt,
        envelope.ReversePath.ToString(),
        [.. envelope.CopyForwardPaths().Select(path => path.ToString())],
        new MailParameters(
            envelope.Body switch { BodyType.EightBitMime => "8BITMIME", BodyType.BinaryMime => "BINARYMIME", _ => "7BIT" },
            envelope.DeclaredSize < 0 ? null : envelope.DeclaredSize,
            envelope.SmtpUtf8,
            envelope.Submitter.IsEmpty ? null : Encoding.ASCII.GetString(envelope.Submitter.Span)),
        new SessionFacts(
            session.ConnectionId,
            session.HelloVerb.ToString().ToUpper(CultureInfo.InvariantCulture),
            session.HelloName,
            Text(session.LocalEndPoint),
            Text(session.RemoteEndPoint),
            session.IsTls ? session.TlsProtocol.ToString() : null,
            session.TlsCipherSuite,
            session.Identity),
        octets);

    private static string? Text(EndPoint? endPoint) => endPoint?.ToString();

    /// <summary>MAIL's parameters.</summary>
    /// <param name="Body">7BIT, also if it was not given; 8BITMIME; BINARYMIME.</param>
    /// <param name="Size">SIZE as declared; null if not given.</param>
    /// <param name="SmtpUtf8">Whether SMTPUTF8 was given.</param>
    /// <param name="Auth">AUTH in xtext; null if not given.</param>
    internal sealed record MailParameters(string Body, long? Size, bool SmtpUtf8, string? Auth);

    /// <summary>The session's facts.</summary>
    internal sealed record SessionFacts(
        long ConnectionId, string Hello, string HelloName, string? Local, string? Remote, string? TlsProtocol, string? TlsCipherSuite, string? Identity);
}
