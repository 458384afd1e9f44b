namespace Smtp.Core;

/// <summary>
/// The envelope of a message to send (RFC 5321 §2.3.1). It is read while a transaction runs, so it must not change until that ends;
/// afterwards it can be changed and used again.
/// </summary>
public sealed class OutgoingEnvelope
{
    /// <summary>The reverse-path: where notifications go; null (<c>&lt;&gt;</c>), the default, for notifications themselves.</summary>
    public SmtpPath ReversePath { get; set; }

    /// <summary>The recipients, at least one. Duplicates are sent as they stand.</summary>
    public IList<EnvelopeRecipient> Recipients { get; } = new List<EnvelopeRecipient>();

    /// <summary>
    /// What the content is. <see langword="null"/>, the default, lets the client find out: content in memory is looked through, and what
    /// is 8-bit is sent as such whatever is said here; other content is declared 8-bit where the server offers 8BITMIME. Content that was
    /// not declared 8-bit and turns out to be is broken off, never sent on.
    /// </summary>
    public BodyType? Body { get; set; }

    /// <summary>Whether the header holds UTF-8 (RFC 6532). Paths that hold it need no telling.</summary>
    public bool SmtpUtf8 { get; set; }

    /// <summary>Whether each hop must use TLS (RFC 8689).</summary>
    public bool RequireTls { get; set; }

    /// <summary>What a failure notification returns. Sent if the server offers DSN, else left out (RFC 3461 §5.2.2), as are ENVID, NOTIFY and ORCPT.</summary>
    public DsnReturn Return { get; set; }

    /// <summary>ENVID in xtext (RFC 3461 §4.4); empty for none.</summary>
    public ReadOnlyMemory<byte> EnvelopeId { get; set; }

    /// <summary>Who submitted the message: AUTH in xtext, or <c>&lt;&gt;</c> (RFC 4954 §5); empty for none. Sent if the server offers AUTH.</summary>
    public ReadOnlyMemory<byte> Submitter { get; set; }

    /// <summary>Adds a recipient without DSN wishes.</summary>
    public void Add(SmtpPath forwardPath) => Recipients.Add(new EnvelopeRecipient(forwardPath, DsnNotify.Unspecified, default));

    /// <summary>Copies what a server received, so that it can be sent on after that transaction has ended.</summary>
    public static OutgoingEnvelope CopyOf(Envelope envelope) => CopyOf(envelope, Range.All);

    /// <summary>The same with some of the recipients, for a message that goes on in several transactions.</summary>
    /// <param name="envelope">What was received.</param>
    /// <param name="recipients">Which recipients, by their place in the order of the RCPTs.</param>
    /// <exception cref="ArgumentOutOfRangeException">There are not so many recipients.</exception>
    public static OutgoingEnvelope CopyOf(Envelope envelope, Range recipients)
    {
        ArgumentNullException.ThrowIfNull(envelope);
        (int first, int count) = recipients.GetOffsetAndLength(envelope.RecipientCount);
        var copy = new OutgoingEnvelope
        {
            ReversePath = envelope.ReversePath.ToOwned(),

            // 7BIT is also what a client says that says nothing: it is found out anew.
            Body = envelope.Body == BodyType.SevenBit ? null : envelope.Body,
            SmtpUtf8 = envelope.SmtpUtf8,
            RequireTls = envelope.RequireTls,
            Return = envelope.Return,
            EnvelopeId = envelope.EnvelopeId.ToArray(),
            Submitter = envelope.Submitter.ToArray(),
        };
        for (int i = first; i < first + count; i++)
        {
            EnvelopeRecipient recipient = envelope[i];
            copy.Recipients.Add(new EnvelopeRecipient(
                recipient.ForwardPath.ToOwned(), recipient.Notify, recipient.OriginalRecipient.ToArray()));
        }

        return copy;
    }

    /// <summary>Refuses what is no envelope, before anything is written.</summary>
    internal void Demand()
    {
        if (Recipients.Count == 0)
        {
            throw new ArgumentException("The envelope has no recipients.", "envelope");
        }

        CommandWriter.DemandEnvelopeId(EnvelopeId.Span, "envelope");
        CommandWriter.DemandSubmitter(Submitter.Span, "envelope");
        for (int i = 0; i < Recipients.Count; i++)
        {
            EnvelopeRecipient recipient = Recipients[i];
            if (recipient.ForwardPath.IsNull)
            {
                throw new ArgumentException("A recipient's path cannot be null.", "envelope");
            }

            CommandWriter.DemandNotify(recipient.Notify, "envelope");
            CommandWriter.DemandOriginalRecipient(recipient.OriginalRecipient.Span, "envelope");
        }
    }

    /// <summary>The most octets that RSET, MAIL and RCPTs can take.</summary>
    internal long MaximumLength
    {
        get
        {
            // The fixed words of MAIL's parameters together have fewer than 100 octets, a number up to 19; those of RCPT's fewer than 80.
            long length = 192 + ReversePath.Octets.Length + EnvelopeId.Length + Submitter.Length;
            for (int i = 0; i < Recipients.Count; i++)
            {
                length += 80 + Recipients[i].ForwardPath.Octets.Length + Recipients[i].OriginalRecipient.Length;
            }

            return length;
        }
    }

    /// <summary>Whether the message can only go with SMTPUTF8 (RFC 6531 §3.2, RFC 6533 §3 for ORCPT).</summary>
    internal bool NeedsSmtpUtf8()
    {
        if (SmtpUtf8 || ReversePath.RequiresSmtpUtf8)
        {
            return true;
        }

        for (int i = 0; i < Recipients.Count; i++)
        {
            if (Recipients[i].ForwardPath.RequiresSmtpUtf8)
            {
                return true;
            }
        }

        return false;
    }
}
