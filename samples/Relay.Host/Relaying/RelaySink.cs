using Microsoft.Extensions.Logging;
using Smtp.Client;
using Smtp.Core;
using Smtp.Server;

namespace Relay.Host;

/// <summary>
/// Passes each message on to the next hop while it comes in, and answers with what the next hop answers. Nothing is stored, so nothing is promised that
/// the next hop has not promised: 250 is said only when the next hop has said it for every recipient.
/// </summary>
/// <remarks>
/// <para>
/// The next hop is asked when the submitter says DATA: then the whole envelope is known and goes out in one flight. If the next hop refuses, DATA is refused
/// with its words, before the body is sent. If it takes the message for some recipients only, DATA has no reply that could say so (RFC 5321 §3.3 knows one
/// reply for all): the transaction is broken off before its first octet of content, nobody gets the message, and the reply names who was refused. So no
/// recipient is silently dropped and none gets a message twice when the submitter tries again. With the durable queue each recipient will have its own fate.
/// </para>
/// <para>
/// The body flows through a pipe of bounded size: a slow next hop slows the submitter down, and memory does not depend on the message's size. A connection
/// serves one message.
/// </para>
/// </remarks>
internal sealed class RelaySink : IMessageSink
{
    private readonly string _hostName;
    private readonly SmtpConnectionOptions _nextHop;
    private readonly string _nextHopName;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;

    /// <summary>Makes a sink.</summary>
    /// <param name="hostName">The relay's name.</param>
    /// <param name="nextHop">How to reach the next hop.</param>
    /// <param name="nextHopName">The next hop for logs and replies.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Where each message's fate is told.</param>
    internal RelaySink(string hostName, SmtpConnectionOptions nextHop, string nextHopName, TimeProvider time, ILogger logger)
    {
        _hostName = hostName;
        _nextHop = nextHop;
        _nextHopName = nextHopName;
        _time = time;
        _logger = logger;
    }

    /// <summary>
    /// SMTPUTF8 is passed on, and refused with 5.6.7 where the next hop lacks it. DSN is not offered: a relay that takes NOTIFY owes notifications
    /// (RFC 3461 §5.2), which need a queue.
    /// </summary>
    public SmtpExtensions SupportedExtensions => SmtpExtensions.SmtpUtf8;

    /// <inheritdoc/>
    public ValueTask<MessageOpening> OpenAsync(SmtpSessionContext session, Envelope envelope, CancellationToken cancellationToken)
    {
        DateTimeOffset now = _time.GetUtcNow();
        string id = Guid.CreateVersion7(now).ToString("N");
        byte[] received = ReceivedField.Create(session, envelope, _hostName, id, now);
        var transfer = new RelayTransfer(_nextHop, _nextHopName, id, Outgoing(envelope), _time, _logger);
        return transfer.OpenAsync(received, cancellationToken);
    }

    private static OutgoingEnvelope Outgoing(Envelope envelope)
    {
        OutgoingEnvelope outgoing = OutgoingEnvelope.CopyOf(envelope);
        if (outgoing.Body == BodyType.SevenBit)
        {
            // Not told apart from no BODY at all, and many submitters send 8-bit text without it: the client finds out.
            outgoing.Body = null;
        }

        if (!outgoing.Submitter.IsEmpty)
        {
            // RFC 4954 §5: the relay has not checked who wrote the message, and so does not vouch for it.
            outgoing.Submitter = "<>"u8.ToArray();
        }

        return outgoing;
    }
}
