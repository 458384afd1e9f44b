using System.Buffers;
using System.Text;

namespace Smtp.Core;

/// <summary>
/// One mail transaction of a client: what is still to be written, and what the replies mean. Knows nothing of the rest of the session,
/// so that others can be on their way behind the body of the first.
/// </summary>
internal sealed class OutgoingTransaction
{
    // "BDAT ", a number, " LAST" and CRLF.
    private const int MaximumBdatLength = 32;

    private OutgoingEnvelope? _envelope;
    private TransactionReport? _report;
    private MailParameters _mail;
    private bool _dsn;
    private bool _isLmtp;
    private Step _step;
    private int _nextRecipient;
    private int _recipientLimit;
    private int _accepted;
    private bool _senderAccepted;
    private bool _bodySent;
    private int _finalRepliesOwed;
    private long _chunkLength;

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

        /// <summary>DATA or BDAT.</summary>
        Data,
    }

    /// <summary>Whether the server holds a transaction open that no end of data has ended, so that RSET must come before the next MAIL.</summary>
    internal bool IsOpenAtServer { get; private set; }

    /// <summary>Whether some recipient was accepted and waits for the body's fate.</summary>
    internal bool HasAcceptedRecipients => _accepted > 0;

    /// <summary>Whether the end of data was sent for recipients that the server has accepted, so that only final replies are owed.</summary>
    internal bool IsBehindBody => _bodySent && _accepted > 0 && Framing == BodyFraming.Data;

    /// <summary>Whether all of it was sent, with the content as one chunk, whatever the replies to its commands: one final reply comes last.</summary>
    internal bool IsBehindChunk => _bodySent && Framing == BodyFraming.OneChunk && !_isLmtp;

    /// <summary>Whether there are commands still to be written.</summary>
    internal bool HasMore => _step != Step.Nothing;

    /// <summary>How the body goes; certain once it is due.</summary>
    internal BodyFraming Framing { get; private set; }

    /// <summary>Begins a transaction. A need of the message that the server does not meet decides all recipients at once.</summary>
    /// <param name="envelope">Sender and recipients.</param>
    /// <param name="body">What the content is, and how it may go.</param>
    /// <param name="peer">What the server offers.</param>
    /// <param name="isTls">Whether the connection has TLS.</param>
    /// <param name="isLmtp">Whether each recipient gets a final reply of its own.</param>
    /// <param name="report">Filled.</param>
    /// <param name="refusal">Why the caller refuses.</param>
    /// <param name="domains">The recipient domains that the connection has seen, where the server limits their number.</param>
    /// <param name="needsReset">Whether the server holds a transaction open, or may do so by the time it reads this one.</param>
    /// <returns>Whether there is something to write.</returns>
    internal bool TryStart(
        OutgoingEnvelope envelope,
        OutgoingBody body,
        PeerCapabilities peer,
        bool isTls,
        bool isLmtp,
        TransactionReport report,
        SendRefusal refusal,
        HashSet<string>? domains,
        bool needsReset)
    {
        _envelope = envelope;
        _report = report;
        _isLmtp = isLmtp;
        _accepted = 0;
        _senderAccepted = false;
        _bodySent = false;
        _finalRepliesOwed = 0;
        _nextRecipient = 0;
        IsOpenAtServer = needsReset;
        report.Start(envelope);

        bool smtpUtf8 = body.HasUtf8Header || envelope.NeedsSmtpUtf8();
        refusal = refusal != SendRefusal.None ? refusal : Check(body, smtpUtf8, envelope.RequireTls, peer, isTls);
        if (refusal != SendRefusal.None)
        {
            report.RefusePending(0, SmtpStage.None, refusal);
            End();
            return false;
        }

        // RFC 9422 §4.2: what is beyond the limit would be refused, and is another transaction's.
        _recipientLimit = Math.Min(report.Count, peer.MaximumRecipients ?? int.MaxValue);
        report.RefusePending(_recipientLimit, SmtpStage.None, SendRefusal.TooManyRecipients);
        if (domains is not null && !LimitDomains(domains, peer.MaximumRecipientDomains!.Value))
        {
            End();
            return false;
        }

        _dsn = peer.Offers(SmtpExtensions.Dsn);
        _mail = new MailParameters
        {
            ReversePath = envelope.ReversePath,
            Size = peer.Offers(SmtpExtensions.Size) ? body.Size : -1,
            Body = body.Type is BodyType.EightBitMime or BodyType.BinaryMime ? body.Type : null,
            SmtpUtf8 = smtpUtf8,
            RequireTls = envelope.RequireTls,
            Return = _dsn ? envelope.Return : DsnReturn.Unspecified,
            EnvelopeId = _dsn ? envelope.EnvelopeId : default,
            Submitter = peer.Offers(SmtpExtensions.Auth) ? envelope.Submitter : default,
        };
        _chunkLength = body.ChunkLength;
        Framing = body.Type == BodyType.BinaryMime ? (_chunkLength < 0 ? BodyFraming.Chunks : BodyFraming.OneChunk)
            : _chunkLength >= 0 && peer.Offers(SmtpExtensions.Chunking) ? BodyFraming.OneChunk
            : BodyFraming.Data;
        _step = needsReset ? Step.Reset : Step.Mail;
        return true;
    }

    /// <summary>Writes commands as far as they may go now.</summary>
    /// <param name="output">Where they go.</param>
    /// <param name="expected">Where the replies owed for them are queued.</param>
    /// <param name="window">The most octets that may be unanswered; 0 for one command at a time.</param>
    /// <returns>Whether the body is due: it goes behind what was written, without waiting for a reply.</returns>
    internal bool WriteCommands(IBufferWriter<byte> output, ExpectedReplyQueue expected, int window)
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
                    WriteRecipient(output, expected);
                    break;

                case Step.Recipients:
                    _step = Step.Data;
                    break;

                // All replies are here and no recipient is left: DATA would only bring a refusal.
                case Step.Data when expected.Count == 0 && _accepted == 0:
                    _step = Step.Nothing;
                    break;

                case Step.Data when Framing == BodyFraming.Data:
                    expected.Enqueue(SmtpStage.Data, CommandWriter.WriteData(output));
                    _step = Step.Nothing;
                    break;

                // The whole body in the flight of its envelope, if it fits the window: there is no 354 to wait for. Not in LMTP, where the
                // number of final replies is that of the recipients accepted. With all replies here, it may have any length.
                case Step.Data when expected.Count == 0 || (Framing == BodyFraming.OneChunk && !_isLmtp && FitsWindow(expected, window)):
                    if (Framing == BodyFraming.OneChunk)
                    {
                        CommandWriter.WriteBdat(output, _chunkLength, last: true);
                    }

                    _step = Step.Nothing;
                    return true;

                case Step.Data when _mail.Body == BodyType.BinaryMime:
                    return false;

                case Step.Data:
                    Framing = BodyFraming.Data;
                    break;
            }
        }

        return false;
    }

    /// <summary>The end of data was written: its reply is owed; in LMTP, one for each recipient accepted (RFC 2033 §4.2).</summary>
    internal void OnBodySent(ExpectedReplyQueue expected, int length)
    {
        _bodySent = true;
        if (!_isLmtp)
        {
            _finalRepliesOwed = 1;
            expected.Enqueue(SmtpStage.FinalReply, Framing == BodyFraming.OneChunk ? ChunkOctets(_chunkLength) : length);
            return;
        }

        for (int i = 0; i < _report!.Count; i++)
        {
            if (_report.IsPending(i))
            {
                _finalRepliesOwed++;
                expected.Enqueue(SmtpStage.FinalReply, length, i);
                length = 0;
            }
        }
    }

    /// <summary>Takes the reply to RSET, MAIL, RCPT, DATA, BDAT or the end of data, which is not 421.</summary>
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

            case SmtpStage.Data or SmtpStage.Body when !accepted:
                _report?.DecidePending(expected.Stage, reply);
                break;

            case SmtpStage.FinalReply:
                // RFC 5321 §4.1.1.4: whatever the reply to DATA's end, the server's buffers are clear. A refused BDAT leaves a transaction
                // open that RSET has to end (RFC 3030 §2).
                IsOpenAtServer &= Framing != BodyFraming.Data && !accepted;
                _finalRepliesOwed--;
                if (_isLmtp && _accepted > 0)
                {
                    _report?.Decide(expected.Recipient, SmtpStage.FinalReply, reply);
                }
                else
                {
                    _report?.DecidePending(SmtpStage.FinalReply, reply);
                }

                break;
        }

        return true;
    }

    /// <summary>Whether the server has said its last word on the message.</summary>
    internal bool IsDecided => _bodySent && _finalRepliesOwed == 0;

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
        // Replies to MAIL and RCPT may be owed still where the body went in one flight with them.
        _report?.BreakPending(_bodySent ? SmtpStage.FinalReply : stage);
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
        _bodySent = false;
    }

    private void WriteRecipient(IBufferWriter<byte> output, ExpectedReplyQueue expected)
    {
        int index = _nextRecipient++;
        if (_report!.IsPending(index))
        {
            EnvelopeRecipient recipient = _envelope!.Recipients[index];
            int length = CommandWriter.WriteRcpt(
                output,
                recipient.ForwardPath,
                _dsn ? recipient.Notify : DsnNotify.Unspecified,
                _dsn ? recipient.OriginalRecipient.Span : default);
            expected.Enqueue(SmtpStage.Recipient, length, index);
        }
    }

    private bool FitsWindow(ExpectedReplyQueue expected, int window) => expected.UnansweredLength + ChunkOctets(_chunkLength) <= window;

    /// <summary>What a chunk takes of the window, its command included.</summary>
    internal static int ChunkOctets(long chunkLength) => (int)Math.Min(chunkLength, int.MaxValue / 2) + MaximumBdatLength;

    /// <returns>Whether some recipient is left.</returns>
    private bool LimitDomains(HashSet<string> domains, int limit)
    {
        bool anyLeft = false;
        for (int i = 0; i < _recipientLimit; i++)
        {
            string domain = Encoding.UTF8.GetString(_envelope!.Recipients[i].ForwardPath.Domain);
            if (domains.Contains(domain) || domains.Count < limit)
            {
                domains.Add(domain);
                anyLeft = true;
            }
            else
            {
                _report!.Refuse(i, SmtpStage.None, SendRefusal.TooManyRecipientDomains);
            }
        }

        return anyLeft;
    }

    private static SendRefusal Check(OutgoingBody body, bool smtpUtf8, bool requireTls, PeerCapabilities peer, bool isTls) =>
        smtpUtf8 && !peer.Offers(SmtpExtensions.SmtpUtf8) ? SendRefusal.NeedsSmtpUtf8
        : requireTls && !(isTls && peer.Offers(SmtpExtensions.RequireTls)) ? SendRefusal.NeedsRequireTls
        : body.Type == BodyType.BinaryMime && !peer.Offers(SmtpExtensions.BinaryMime) ? SendRefusal.NeedsBinaryMime
        : body.Type == BodyType.EightBitMime && !peer.Offers(SmtpExtensions.EightBitMime) ? SendRefusal.NeedsEightBitMime
        : peer.MaximumSize is { } limit && body.Size > limit ? SendRefusal.TooLarge
        : SendRefusal.None;
}
