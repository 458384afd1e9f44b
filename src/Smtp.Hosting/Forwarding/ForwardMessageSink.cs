using System.Net;
using Smtp.Client;
using Smtp.Core;
using Smtp.Server;

namespace Smtp.Hosting;

/// <summary>
/// Passes each message on to the next server while it comes, and answers with that server's answer: 250 is said when the next server has said it. Nothing is
/// stored here; a message takes 64 KB at most, but for one with more recipients than <see cref="MaximumRecipients"/>.
/// </summary>
/// <remarks>
/// <para>
/// It is in this package as the only one that has both a server and a client, without which Smtp.Server and Smtp.Client do. It needs no host.
/// </para>
/// <para>
/// What the next server refuses is refused in its words: its code, enhanced status and text; its 421 becomes 451. Where it broke off, could not be reached or did
/// not take this program's credentials, the answer is 451, and the reason is in the server's log. A message that does not come to its end is never sent whole.
/// </para>
/// <para>
/// An SMTP client hears one reply for all recipients. Where the next server took the message for some of them only, the answer is 554, with a line for each that it
/// was not taken for: nobody gets it twice, and the sender learns who lacks it; <see cref="RetryPartial"/> changes that. An LMTP client hears the next server's
/// verdict for each recipient.
/// </para>
/// <para>
/// A <c>Received:</c> field is put in front (RFC 5321 §4.4), and a message that has over 100 of them is refused as one that goes in circles (§6.3).
/// </para>
/// <para>
/// A message holds one of the client's connections from its first octet to its last, however slow its sender is: give the client as many
/// (<see cref="SmtpClientOptions.MaximumConnections"/>) as there are to be messages at a time.
/// </para>
/// </remarks>
/// <param name="client">The next server's client; not closed by the sink.</param>
public sealed class ForwardMessageSink(SmtpClient client) : IMessageSink
{
    private readonly SmtpClient _client = client ?? throw new ArgumentNullException(nameof(client));

    // The next server's LIMITS RCPTMAX: 0 before anybody asked for it.
    private int _recipientLimit;

    /// <summary>
    /// Who may send through this server to whom; others are refused with 550 5.7.1. Default: who has authenticated. Without such a rule the server would be an
    /// open relay. A server that takes mail for some domains from everybody checks the domains here: every recipient, not one.
    /// </summary>
    public Func<SmtpSessionContext, Envelope, bool> Permits { get; init => field = value ?? throw new ArgumentNullException(nameof(value)); } =
        static (session, _) => session.Identity is not null;

    /// <summary>
    /// What the next server has and may be offered here: of <see cref="SmtpExtensions.SmtpUtf8"/>, <see cref="SmtpExtensions.BinaryMime"/>,
    /// <see cref="SmtpExtensions.Dsn"/> and <see cref="SmtpExtensions.RequireTls"/>. Default none, as it is not known before a message comes. A message that needs
    /// what the next server turns out not to have is refused, never changed. 8BITMIME is offered in any case; where the next server lacks it, take it out of
    /// <see cref="SmtpServerOptions.Extensions"/>.
    /// </summary>
    public SmtpExtensions SupportedExtensions { get; init; }

    /// <summary>
    /// Whether a message that the next server has taken for some recipients, and may take for others later, is answered 451: the client sends it again, to all, and
    /// who has it gets it again with each try. Default false: 554, and no other try.
    /// </summary>
    public bool RetryPartial { get; init; }

    /// <summary>
    /// The most recipients in one transaction with the next server; fewer if its LIMITS RCPTMAX says so (RFC 9422 §4.2). Default 100, which every server has to
    /// take (RFC 5321 §4.5.3.1.8). At least 1. A message with more goes in several transactions, the first while it comes, the others behind its end; until then it
    /// is kept, in a temporary file if it has over 64 KB.
    /// </summary>
    public int MaximumRecipients
    {
        get;
        init => field = value > 0 ? value : throw new ArgumentOutOfRangeException(nameof(MaximumRecipients), value, "MaximumRecipients must be at least 1.");
    } = 100;

    /// <summary>This server's name in <c>Received:</c>. Default the machine's.</summary>
    public string HostName { get; init; } = Dns.GetHostName();

    /// <summary>The clock of <c>Received:</c>. Default the system's.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <inheritdoc/>
    public async ValueTask<MessageOpening> OpenAsync(SmtpSessionContext session, Envelope envelope, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(session);
        ArgumentNullException.ThrowIfNull(envelope);
        if (!Permits(session, envelope))
        {
            return MessageOpening.Refuse(Replies.RelayDenied);
        }

        if (envelope.RecipientCount > 1 && _recipientLimit == 0)
        {
            PeerCapabilities next = await _client.VerifyAsync(cancellationToken).ConfigureAwait(false);
            _recipientLimit = next.MaximumRecipients ?? int.MaxValue;
        }

        byte[] received = TraceField.CreateReceived(session, envelope, HostName, TimeProvider.GetUtcNow());
        return MessageOpening.Accept(new ForwardWriter(_client, Split(envelope), received, RetryPartial));
    }

    /// <summary>The envelope of each transaction.</summary>
    private List<OutgoingEnvelope> Split(Envelope envelope)
    {
        int most = _recipientLimit == 0 ? MaximumRecipients : Math.Min(MaximumRecipients, _recipientLimit);
        var parts = new List<OutgoingEnvelope>();
        for (int first = 0; first < envelope.RecipientCount; first += most)
        {
            OutgoingEnvelope part = OutgoingEnvelope.CopyOf(envelope, first..Math.Min(first + most, envelope.RecipientCount));

            // Who submitted the message is for a server to say that trusts whom it heard it from (RFC 4954 §5), and who this client is, is not known here.
            part.Submitter = default;
            parts.Add(part);
        }

        return parts;
    }
}
