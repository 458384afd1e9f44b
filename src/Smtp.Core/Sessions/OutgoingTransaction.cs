using System.Buffers;

namespace Smtp.Core;

/// <summary>
/// One mail transaction of a client: what is still to be written, and what the replies mean. Knows nothing of the rest of the session,
/// so that a second one can be on its way behind the body of the first.
/// </summary>
internal sealed class OutgoingTransaction
{
    private OutgoingEnvelope? _envelope;
    private TransactionReport? _report;
    private MailParameters _mail;
    private bool _dsn;
    private Step _step;
    private int _nextRecipient;
    private int _recipientLimit;
    private int _accepted;
    private bool _senderAccepted;

    /// <summary>What is to be written next.</summary>
    private enum Step : byte
    {
        /// <summary>No transaction, or nothing more to write.</summary>
        Nothing,

        /// <summary>RSET, to end a transaction that the server still holds open.</summary>
        Reset,

        /// <summary>MAIL.</summary>
        Mail,

        /// <summary>RCPTs.</summary>
        Recipients,

        /// <summary>DATA.</summary>
        Data,
    }

    /// <summary>Whether the server holds a transaction open that no end of data has ended, so that RSET must come before the next MAIL.</summary>
    internal bool IsOpenAtServer { get; private set; }

    /// <summary>Whether some recipient was accepted and waits for the body's fate.</summary>
    internal bool HasAcceptedRecipients => _accepted > 0;

    /// <summary>Begins a transaction. A need of the message that the server does not meet decides all recipients at once.</summary>
    /// <returns>Whether there is something to write.</returns>
    internal bool TryStart(
        OutgoingEnvelope envelope,
        long size,
        BodyType body,
        PeerCapabilities peer,
        bool isTls,
        TransactionReport report,
        SendRefusal refusal)
    {
        _envelope = envelope;
        _report = report;
        _accepted = 0;
        _senderAccepted = false;
        _nextRecipient = 0;
        report.Start(envelope);

        bool smtpUtf8 = envelope.NeedsSmtpUtf8();
        refusal = refusal != SendRefusal.None ? refusal : Check(size, body, smtpUtf8, envelope.RequireTls, peer, isTls);
        if (refusal != SendRefusal.None)
        {
            report.RefusePending(0, SmtpStage.None, refusal);
            End();
            return false;
        }

        // RFC 9422 §4.2: what is beyond the limit would be refused, and is another transaction's.
        _recipientLimit = Math.Min(report.Count, peer.MaximumRecipients ?? int.MaxValue);
        report.RefusePending(_recipientLimit, SmtpStage.None, SendRefusal.TooManyRecipients);

        _dsn = peer.Offers(SmtpExtensions.Dsn);
        _mail = new MailParameters
        {
            ReversePath = envelope.ReversePath,
            Size = peer.Offers(SmtpExtensions.Size) ? size : -1,
            Body = body == BodyType.EightBitMime ? body : null,
            SmtpUtf8 = smtpUtf8,
            RequireTls = envelope.RequireTls,
            Return = _dsn ? envelope.Return : DsnReturn.Unspecified,
            EnvelopeId = _dsn ? envelope.EnvelopeId : default,
            Submitter = peer.Offers(SmtpExtensions.Auth) ? envelope.Submitter : default,
        };
        _step = IsOpenAtServer ? Step.Reset : Step.Mail;
        return true;
    }

    /// <summary>Writes commands as far as they may go now.</summary>
    /// <param name="output">Where they go.</param>
    /// <param name="expected">Where the replies owed for them are queued.</param>
    /// <param name="window">The most octets that may be unanswered; 0 for one command at a time.</param>
    internal void WriteCommands(IBufferWriter<byte> output, ExpectedReplyQueue expected, int window)
    {
        while (_step != Step.Nothing && (expected.Count == 0 || expected.UnansweredLength < window))
        {
            switch (_step)
            {
                case Step.Reset:
                    expected.Enqueue(SmtpStage.Reset, CommandWriter.WriteRset(output));
                    _step = Step.Mail;
                    break;

                case Step.Mail:
                    expected.Enqueue(SmtpStage.Mail, CommandWriter.WriteMail(output, _mail));
                    _step = Step.Recipients;
                    break;

                case Step.Recipients when _nextRecipient < _recipientLimit:
                    EnvelopeRecipient recipient = _envelope!.Recipients[_nextRecipient];
                    int length = CommandWriter.WriteRcpt(
                        output,
                        recipient.ForwardPath,
                        _dsn ? recipient.Notify : DsnNotify.Unspecified,
                        _dsn ? recipient.OriginalRecipient.Span : default);
                    expected.Enqueue(SmtpStage.Recipient, length, _nextRecipient++);
                    break;

                case Step.Recipients:
                    _step = Step.Data;
                    break;

                // All replies are here and no recipient is left: DATA would only bring a refusal.
                case Step.Data when expected.Count == 0 && _accepted == 0:
                    _step = Step.Nothing;
                    break;

                case Step.Data:
                    expected.Enqueue(SmtpStage.Data, CommandWriter.WriteData(output));
                    _step = Step.Nothing;
                    break;
            }
        }
    }

    /// <summary>Takes the reply to RSET, MAIL, RCPT, DATA or the end of data, which is not 421.</summary>
    /// <returns>Whether its code is an answer to the command at all.</returns>
    internal bool TryApply(ExpectedReply expected, ReceivedReply reply)
    {
        // RFC 5321 §4.2.1: what is unknown of a code is told by its first digit. DATA alone is answered by a 3yz, and never by a 2yz.
        ReplyClass positive = expected.Stage == SmtpStage.Data ? ReplyClass.Intermediate : ReplyClass.Completion;
        bool accepted = reply.Class == positive;
        if (!accepted && reply.IsPositive)
        {
            return false;
        }

        switch (expected.Stage)
        {
            case SmtpStage.Reset:
                IsOpenAtServer = false;

                // RSET cannot be refused (RFC 5321 §4.1.1.5); after that, nothing is certain.
                return accepted;

            case SmtpStage.Mail when accepted:
                _senderAccepted = true;
                IsOpenAtServer = true;
                break;

            case SmtpStage.Mail:
                _report?.DecidePending(SmtpStage.Mail, reply);
                _step = Step.Nothing;
                break;

            // A recipient that is accepted behind a refused MAIL is none.
            case SmtpStage.Recipient when accepted:
                _accepted += _senderAccepted ? 1 : 0;
                break;

            case SmtpStage.Recipient:
                _report?.Decide(expected.Recipient, SmtpStage.Recipient, reply);
                break;

            case SmtpStage.Data when !accepted:
                _report?.DecidePending(SmtpStage.Data, reply);
                break;

            case SmtpStage.FinalReply:
                // RFC 5321 §4.1.1.4: whatever the reply, the server's buffers are clear.
                IsOpenAtServer = false;
                _report?.DecidePending(SmtpStage.FinalReply, reply);
                break;
        }

        return true;
    }

    /// <summary>The server ends the session, or refuses the body while it is being sent: what is pending is decided by its reply.</summary>
    internal void DecidePending(SmtpStage stage, ReceivedReply reply)
    {
        _report?.DecidePending(stage, reply);
        End();
    }

    /// <summary>The client stops the transaction by breaking the connection.</summary>
    internal void RefusePending(SmtpStage stage, SendRefusal refusal)
    {
        _report?.RefusePending(0, stage, refusal);
        End();
    }

    /// <summary>The connection is gone, or what it says can no longer be trusted.</summary>
    internal void BreakPending(SmtpStage stage)
    {
        _report?.BreakPending(stage);
        End();
    }

    /// <summary>RSET was answered.</summary>
    internal void OnReset() => IsOpenAtServer = false;

    /// <summary>Lets envelope and report go.</summary>
    internal void End()
    {
        _envelope = null;
        _report = null;
        _mail = default;
        _step = Step.Nothing;
    }

    private static SendRefusal Check(long size, BodyType body, bool smtpUtf8, bool requireTls, PeerCapabilities peer, bool isTls) =>
        smtpUtf8 && !peer.Offers(SmtpExtensions.SmtpUtf8) ? SendRefusal.NeedsSmtpUtf8
        : requireTls && !(isTls && peer.Offers(SmtpExtensions.RequireTls)) ? SendRefusal.NeedsRequireTls
        : body == BodyType.BinaryMime ? SendRefusal.NeedsBinaryMime
        : body == BodyType.EightBitMime && !peer.Offers(SmtpExtensions.EightBitMime) ? SendRefusal.NeedsEightBitMime
        : peer.MaximumSize is { } limit && size > limit ? SendRefusal.TooLarge
        : SendRefusal.None;
}
