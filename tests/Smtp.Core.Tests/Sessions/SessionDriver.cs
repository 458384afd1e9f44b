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
            ServerEffect effect = Session.Advance(ref input, _output);
            Assert.True(input.Length <= before, "Input grew.");
            idle = input.Length < before ? 0 : idle + 1;
            Assert.True(idle <= MostIdleSteps, $"{effect} came {idle} times without a consumed octet.");
            Assert.True(IsLegal(effect), $"{effect} came in phase {Session.Phase}.");
            _unflushed += _output.WrittenCount - said;
            Assert.InRange(_unflushed, 0, MostUnflushedOutput);
            if (effect == ServerEffect.NeedInput)
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

    private void Do(ServerEffect effect)
    {
        switch (effect)
        {
            case ServerEffect.Flush:
                _unflushed = 0;
                break;

            case ServerEffect.CheckClient:
                Session.Resume(_policy.Answer("CLIENT"), _output);
                break;

            case ServerEffect.CheckHello:
                Session.Resume(_policy.Answer($"HELLO {Session.GetHelloName()}"), _output);
                break;

            case ServerEffect.Authenticate:
                Session.ResumeAuthentication(_policy.Identify(Session.Credentials!), _policy.LoginRefusal, _output);
                break;

            case ServerEffect.LookUpSecret:
                Session.ResumeSecret(_policy.Secrets.GetValueOrDefault(Session.Credentials!.AuthenticationIdentity), _output);
                break;

            case ServerEffect.CheckSender:
                Session.Resume(_policy.Answer($"MAIL {Session.Envelope.ReversePath}"), _output);
                break;

            case ServerEffect.CheckRecipient:
                Session.Resume(_policy.Answer($"RCPT {Session.Recipient.ForwardPath}"), _output);
                break;

            case ServerEffect.OpenMessage:
                SmtpReply opened = _policy.Answer("DATA");
                _messageOpen = opened.IsPositive;
                _body.Clear();
                Session.Resume(opened, _output);
                break;

            case ServerEffect.WriteBody:
                Write(Session.BodyChunk.Span);
                break;

            case ServerEffect.CommitMessage:
                Commit();
                break;

            case ServerEffect.AbortMessage:
                _messageOpen = false;
                break;

            case ServerEffect.UpgradeTls:
                AwaitsTls = true;
                break;

            case ServerEffect.Close:
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

    private bool IsLegal(ServerEffect effect)
    {
        ServerPhase phase = Session.Phase;
        return effect switch
        {
            ServerEffect.CheckClient => phase is ServerPhase.Connected,
            ServerEffect.CheckHello => phase is >= ServerPhase.Greeted and <= ServerPhase.Chunks,
            ServerEffect.Authenticate or ServerEffect.LookUpSecret => phase is ServerPhase.Authenticating && !Session.IsAuthenticated,
            ServerEffect.CheckSender => phase is ServerPhase.Ready,
            ServerEffect.CheckRecipient => phase is ServerPhase.Sender or ServerPhase.Recipients,
            ServerEffect.OpenMessage => phase is ServerPhase.Recipients && !_messageOpen,
            ServerEffect.WriteBody or ServerEffect.CommitMessage => phase is ServerPhase.Body or ServerPhase.Chunk && _messageOpen,
            ServerEffect.AbortMessage => _messageOpen,
            ServerEffect.UpgradeTls => phase is ServerPhase.Ready && !Session.IsTls,
            ServerEffect.Close => phase is ServerPhase.Closing,
            ServerEffect.NeedInput => phase is not (ServerPhase.Connected or ServerPhase.Closing),
            ServerEffect.Flush => true,
            _ => false,
        };
    }
}
