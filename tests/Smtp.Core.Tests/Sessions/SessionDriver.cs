using System.Buffers;

namespace Smtp.Core.Tests;

/// <summary>
/// Does for a <see cref="ServerSession"/> what a server does, in memory and at once, and fails a test on any effect that has no place
/// where the session stands.
/// </summary>
internal sealed class SessionDriver
{
    // A step may consume nothing (a made-up line ending, a commit, an abort), but never so many in a row.
    private const int MostIdleSteps = 4;

    // No bounded number of replies comes near to this without a flush.
    private const int MostUnflushedOutput = 64 * 1024;

    private readonly SessionPolicy _policy;
    private readonly ArrayBufferWriter<byte> _output = new();
    private readonly ArrayBufferWriter<byte> _body = new();
    private byte[] _unread = [];
    private bool _messageOpen;
    private int _unflushed;

    public SessionDriver(ServerProfile profile, SessionPolicy policy, bool isTls = false)
    {
        _policy = policy;
        Session = new ServerSession(profile);
        if (isTls)
        {
            Session.UseImplicitTls();
        }

        Receive([]);
    }

    public ServerSession Session { get; }

    public List<SessionMessage> Messages { get; } = [];

    /// <summary>Whether the session asks for a handshake. Until then, what comes is no longer for the session.</summary>
    public bool AwaitsTls { get; private set; }

    public bool IsClosed { get; private set; }

    /// <summary>All that the session said, one octet a character.</summary>
    public string Output => Wire.Decode(_output.WrittenSpan);

    /// <summary>How many octets are kept for the next read.</summary>
    public int UnreadLength => _unread.Length;

    /// <summary>Gives the session a read of these octets.</summary>
    /// <param name="octets">What came in.</param>
    /// <param name="eachItsSegment">Whether each octet is a segment of its own.</param>
    public void Receive(ReadOnlySpan<byte> octets, bool eachItsSegment = false)
    {
        if (AwaitsTls)
        {
            // These are the handshake's. What the session left unread is not: it would come back behind it, if the session left any.
            return;
        }

        byte[] all = [.. _unread, .. octets];
        ReadOnlySequence<byte> input = eachItsSegment
            ? OctetSegment.Sequence([.. Enumerable.Range(0, all.Length).Select(i => (ReadOnlyMemory<byte>)all.AsMemory(i, 1))])
            : new ReadOnlySequence<byte>(all);
        Run(ref input);
        _unread = input.ToArray();

        // Whoever keeps a reference to a read's memory will see this.
        Array.Fill(all, (byte)'#');
    }

    public void ShakeHands()
    {
        Assert.True(AwaitsTls, "No handshake is asked for.");
        AwaitsTls = false;
        Session.ResumeTls();
        Receive([]);
    }

    public void Terminate(SmtpReply reply)
    {
        Session.Terminate(reply, _output);
        Receive([]);
    }

    /// <summary>Goes on until the session wants input, a handshake or the end.</summary>
    public void Run(ref ReadOnlySequence<byte> input)
    {
        int idle = 0;
        while (!IsClosed && !AwaitsTls)
        {
            long before = input.Length;
            int said = _output.WrittenCount;
            SessionEffect effect = Session.Advance(ref input, _output);
            Assert.True(input.Length <= before, "Input grew.");
            idle = input.Length < before ? 0 : idle + 1;
            Assert.True(idle <= MostIdleSteps, $"{effect} came {idle} times without a consumed octet.");
            Assert.True(IsLegal(effect), $"{effect} came in phase {Session.Phase}.");
            _unflushed += _output.WrittenCount - said;
            Assert.InRange(_unflushed, 0, MostUnflushedOutput);
            if (effect == SessionEffect.NeedInput)
            {
                _unflushed = 0;
                return;
            }

            Do(effect);
        }

        if (IsClosed)
        {
            input = input.Slice(input.End);
        }
    }

    private void Do(SessionEffect effect)
    {
        switch (effect)
        {
            case SessionEffect.Flush:
                _unflushed = 0;
                break;

            case SessionEffect.CheckClient:
                Session.Resume(_policy.Answer("CLIENT"), _output);
                break;

            case SessionEffect.CheckHello:
                Session.Resume(_policy.Answer($"HELLO {Session.GetHelloName()}"), _output);
                break;

            case SessionEffect.Authenticate:
                Session.ResumeAuthentication(_policy.Identify(Session.Credentials!), _policy.LoginRefusal, _output);
                break;

            case SessionEffect.LookUpSecret:
                Session.ResumeSecret(_policy.Secrets.GetValueOrDefault(Session.Credentials!.AuthenticationId), _output);
                break;

            case SessionEffect.CheckSender:
                Session.Resume(_policy.Answer($"MAIL {Session.Envelope.ReversePath}"), _output);
                break;

            case SessionEffect.CheckRecipient:
                Session.Resume(_policy.Answer($"RCPT {Session.Recipient.ForwardPath}"), _output);
                break;

            case SessionEffect.OpenMessage:
                SmtpReply opened = _policy.Answer("DATA");
                _messageOpen = opened.IsPositive;
                _body.Clear();
                Session.Resume(opened, _output);
                break;

            case SessionEffect.WriteBody:
                Write(Session.BodyChunk.Span);
                break;

            case SessionEffect.CommitMessage:
                Commit();
                break;

            case SessionEffect.AbortMessage:
                _messageOpen = false;
                break;

            case SessionEffect.UpgradeTls:
                AwaitsTls = true;
                break;

            case SessionEffect.Close:
                IsClosed = true;
                break;

            default:
                Assert.Fail($"{effect} is no effect.");
                break;
        }
    }

    private SmtpReply Verdict(string question)
    {
        SmtpReply answer = _policy.Answer(question);
        return answer.IsNone ? Replies.MessageAccepted : answer;
    }

    private void Commit()
    {
        Assert.Equal(_body.WrittenCount, Session.BodyLength);
        _messageOpen = false;
        SmtpReply[] replies = Session.Profile.Options.Lmtp
            ? [.. Enumerable.Range(0, Session.Envelope.RecipientCount).Select(i => Verdict($"COMMIT {Session.Envelope[i].ForwardPath}"))]
            : [Verdict("COMMIT")];
        if (replies.Any(reply => reply.IsPositive))
        {
            Messages.Add(new SessionMessage(EnvelopeText.Of(Session), Wire.Decode(_body.WrittenSpan)));
        }

        if (Session.Profile.Options.Lmtp)
        {
            Session.ResumeCommit(replies, _output);
        }
        else
        {
            Session.Resume(replies[0], _output);
        }
    }

    private void Write(ReadOnlySpan<byte> octets)
    {
        Assert.False(octets.IsEmpty);
        _body.Write(octets);
        if (_body.WrittenCount > _policy.SinkCapacity)
        {
            _messageOpen = false;
            Session.FailMessage(_policy.SinkFailure);
        }
    }

    private bool IsLegal(SessionEffect effect)
    {
        SessionPhase phase = Session.Phase;
        return effect switch
        {
            SessionEffect.CheckClient => phase is SessionPhase.Connected,
            SessionEffect.CheckHello => phase is >= SessionPhase.Greeted and <= SessionPhase.Chunks,
            SessionEffect.Authenticate or SessionEffect.LookUpSecret => phase is SessionPhase.Authenticating && !Session.IsAuthenticated,
            SessionEffect.CheckSender => phase is SessionPhase.Ready,
            SessionEffect.CheckRecipient => phase is SessionPhase.Sender or SessionPhase.Recipients,
            SessionEffect.OpenMessage => phase is SessionPhase.Recipients && !_messageOpen,
            SessionEffect.WriteBody or SessionEffect.CommitMessage => phase is SessionPhase.Body or SessionPhase.Chunk && _messageOpen,
            SessionEffect.AbortMessage => _messageOpen,
            SessionEffect.UpgradeTls => phase is SessionPhase.Ready && !Session.IsTls,
            SessionEffect.Close => phase is SessionPhase.Closing,
            SessionEffect.NeedInput => phase is not (SessionPhase.Connected or SessionPhase.Closing),
            SessionEffect.Flush => true,
            _ => false,
        };
    }
}
