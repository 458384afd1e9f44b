using System.Buffers;

namespace Smtp.Core;

/// <content>What the replies mean, operation by operation.</content>
public sealed partial class ClientSession
{
    private const int ServiceClosing = 421;
    private const int ServiceReady = 220;
    private const int AuthenticationSucceeded = 235;
    private const int ChallengeFollows = 334;

    // No mechanism has more than four; a server that goes on for ever is stopped.
    private const int MaximumChallenges = 16;

    /// <summary>Takes one reply.</summary>
    /// <returns>What is to be told, or <see langword="null"/> to go on.</returns>
    private ClientEffect? Apply(ReceivedReply reply, bool isInputEmpty, IBufferWriter<byte> output)
    {
        SmtpStage stage = Stage;
        if (reply.Code == ServiceClosing && stage != SmtpStage.Quit)
        {
            _transaction.DecidePending(_isStarting ? SmtpStage.None : stage, reply);

            // With that the server has ended: what stands behind was not read (RFC 5321 §3.8).
            foreach (OutgoingTransaction transaction in _behind)
            {
                transaction.DecidePending(SmtpStage.Mail, reply);
            }

            Close(stage);
            return ClientEffect.Closing;
        }

        if (Phase == ClientPhase.Body && _expected.Count == 0)
        {
            // A refusal may come before the end of the body. The body is broken off, and with it the connection.
            if (reply.IsPositive)
            {
                return Violate(PeerViolation.UnexpectedReply, stage);
            }

            _transaction.DecidePending(SmtpStage.Body, reply);
            Close(stage);
            return ClientEffect.Closing;
        }

        if (_expected.Count == 0)
        {
            return Violate(PeerViolation.UnexpectedReply, stage);
        }

        ExpectedReply expected = _expected.Dequeue();
        switch (expected.Stage)
        {
            case SmtpStage.Greeting:
                return ApplyGreeting(reply, isInputEmpty, output);
            case SmtpStage.Hello:
                return ApplyHello(reply, isInputEmpty, output);
            case SmtpStage.StartTls:
                return ApplyStartTls(reply, isInputEmpty);
            case SmtpStage.Authenticate:
                return ApplyAuthenticate(reply, isInputEmpty, output);
            case SmtpStage.Quit:
                Close(stage);
                return ClientEffect.Closing;
            case SmtpStage.Noop or SmtpStage.Reset when _operation != SmtpStage.Mail:
                return ApplyPlain(expected.Stage, reply);
            default:
                return ApplyTransaction(expected, reply, isInputEmpty, output);
        }
    }

    private ClientEffect? ApplyGreeting(ReceivedReply reply, bool isInputEmpty, IBufferWriter<byte> output)
    {
        if (reply.Code == ServiceReady)
        {
            // What is there before a command is written cannot be its reply; so below.
            if (!isInputEmpty)
            {
                return Violate(PeerViolation.UnexpectedReply, SmtpStage.Greeting);
            }

            WriteEhlo(output);
            return null;
        }

        return reply.IsPositive ? Violate(PeerViolation.UnexpectedCode, SmtpStage.Greeting) : RefuseSession(SmtpStage.Greeting);
    }

    private ClientEffect? ApplyHello(ReceivedReply reply, bool isInputEmpty, IBufferWriter<byte> output)
    {
        switch (reply.Class)
        {
            case ReplyClass.Completion:
                Peer = _saidEhlo ? PeerCapabilities.Parse(reply) : PeerCapabilities.None;
                return Complete();
            case ReplyClass.PermanentFailure when _saidEhlo && !_isLmtp && !isInputEmpty:
                return Violate(PeerViolation.UnexpectedReply, SmtpStage.Hello);
            case ReplyClass.PermanentFailure when _saidEhlo && !_isLmtp:
                _saidEhlo = false;
                _expected.Enqueue(SmtpStage.Hello, CommandWriter.WriteHelo(output, _helloName));
                return null;
            case ReplyClass.Intermediate:
                return Violate(PeerViolation.UnexpectedCode, SmtpStage.Hello);
            default:
                return RefuseSession(SmtpStage.Hello);
        }
    }

    private ClientEffect ApplyStartTls(ReceivedReply reply, bool isInputEmpty)
    {
        if (reply.Code != ServiceReady)
        {
            return reply.IsPositive ? Violate(PeerViolation.UnexpectedCode, SmtpStage.StartTls) : Refuse();
        }

        if (!isInputEmpty)
        {
            return Violate(PeerViolation.DataBehindStartTls, SmtpStage.StartTls);
        }

        Phase = ClientPhase.Handshake;
        return ClientEffect.UpgradeTls;
    }

    private ClientEffect? ApplyAuthenticate(ReceivedReply reply, bool isInputEmpty, IBufferWriter<byte> output)
    {
        if (reply.Code == ChallengeFollows)
        {
            if (++_challenges > MaximumChallenges || !isInputEmpty)
            {
                return Violate(PeerViolation.UnexpectedReply, SmtpStage.Authenticate);
            }

            if (!SaslExchange.TryAnswer(_mechanism!, reply, output, out int written))
            {
                return Violate(PeerViolation.MalformedChallenge, SmtpStage.Authenticate);
            }

            _expected.Enqueue(SmtpStage.Authenticate, written);
            return null;
        }

        if (reply.Code == AuthenticationSucceeded)
        {
            if (!_mechanism!.IsComplete)
            {
                return Violate(PeerViolation.ServerNotVerified, SmtpStage.Authenticate);
            }

            IsAuthenticated = true;
            return Complete();
        }

        return reply.IsPositive ? Violate(PeerViolation.UnexpectedCode, SmtpStage.Authenticate) : Refuse();
    }

    private ClientEffect ApplyPlain(SmtpStage stage, ReceivedReply reply)
    {
        if (stage == SmtpStage.Reset)
        {
            // RSET cannot be refused (RFC 5321 §4.1.1.5); after that, nothing is certain.
            if (reply.Class != ReplyClass.Completion)
            {
                return Violate(PeerViolation.UnexpectedCode, stage);
            }

            _transaction.OnReset();
        }

        return reply.Class switch
        {
            ReplyClass.Completion => Complete(),
            ReplyClass.Intermediate => Violate(PeerViolation.UnexpectedCode, stage),
            _ => Refuse(),
        };
    }

    private ClientEffect? ApplyTransaction(ExpectedReply expected, ReceivedReply reply, bool isInputEmpty, IBufferWriter<byte> output)
    {
        if (!_transaction.TryApply(expected, reply))
        {
            return Violate(PeerViolation.UnexpectedCode, expected.Stage);
        }

        switch (expected.Stage)
        {
            // The transaction is decided; what was to come of the body is not sent (RFC 3030 §2).
            case SmtpStage.Body when !reply.IsPositive:
                Phase = Phase == ClientPhase.Body ? ClientPhase.Busy : Phase;
                return null;
            case SmtpStage.FinalReply when _behind.Count > 0 && _transaction.IsDecided:
                return CompleteTransaction();
            case SmtpStage.Data when reply.IsPositive:
                return ApplyGoAhead(isInputEmpty, output);
            default:
                return null;
        }
    }

    private ClientEffect? ApplyGoAhead(bool isInputEmpty, IBufferWriter<byte> output)
    {
        if (_transaction.HasAcceptedRecipients)
        {
            Phase = ClientPhase.Body;

            // What stands behind the 354 already is a refusal, or no answer to anything: it is read before the body is sent.
            return isInputEmpty ? ClientEffect.SendBody : null;
        }

        // RFC 2920 §3.1: 354 although no recipient was accepted is answered with a dot alone.
        output.Write(".\r\n"u8);
        _transaction.OnBodySent(_expected, 3);
        return null;
    }

    /// <summary>The transaction behind takes the place of the one that is done.</summary>
    private ClientEffect CompleteTransaction()
    {
        _transaction.End();
        _spare.Push(_transaction);
        _transaction = _behind.Dequeue();
        return ClientEffect.TransactionCompleted;
    }
}
