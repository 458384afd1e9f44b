using System.Buffers;

namespace Smtp.Core.Tests;

/// <summary>What a driver may and may not do, and what it sees.</summary>
public class ServerSessionContractTests
{
    private readonly ArrayBufferWriter<byte> _output = new();
    private readonly ServerSession _session = new(new ServerProfile(new ServerProfileOptions
    {
        HostName = "mx.example.org",
        Extensions = ServerProfileOptions.DefaultExtensions | SmtpExtensions.StartTls | SmtpExtensions.Chunking,
        AuthenticationMechanisms = ["PLAIN"],
        AllowPlaintextAuthentication = true,
    }));

    private ReadOnlySequence<byte> _input;

    private string Output => Wire.Decode(_output.WrittenSpan);

    [Fact]
    public void An_effect_that_wants_a_decision_comes_once_and_must_be_answered()
    {
        Assert.Equal(ServerEffect.CheckClient, Advance(""));
        Assert.Throws<InvalidOperationException>(() => Advance("NOOP\r\n"));
        _session.Resume(default, _output);
        Assert.Throws<InvalidOperationException>(() => _session.Resume(default, _output));
        Assert.Equal("220 mx.example.org ESMTP\r\n", Output);
    }

    [Fact]
    public void Each_decision_has_its_own_resume()
    {
        Hello();
        Assert.Throws<InvalidOperationException>(() => _session.ResumeTls());
        Assert.Throws<InvalidOperationException>(() => _session.ResumeAuthentication(null, default, _output));
        Assert.Throws<InvalidOperationException>(() => _session.ResumeSecret(null, _output));
        Assert.Throws<InvalidOperationException>(() => _session.ResumeCommit([default], _output));
        Assert.Throws<InvalidOperationException>(() => _session.FailMessage(Replies.LocalError));
        Assert.Throws<InvalidOperationException>(() => _session.UseImplicitTls());

        Assert.Equal(ServerEffect.Authenticate, Advance("AUTH PLAIN AGEAYg==\r\n"));
        Assert.Throws<InvalidOperationException>(() => _session.Resume(default, _output));
        _session.ResumeAuthentication(null, default, _output);

        Assert.Equal(ServerEffect.UpgradeTls, Advance("STARTTLS\r\n"));
        Assert.Throws<InvalidOperationException>(() => _session.Resume(default, _output));
        _session.ResumeTls();
        Assert.True(_session.IsTls);
        Assert.Equal(ServerPhase.Greeted, _session.Phase);
        Assert.Equal(SmtpVerb.Unknown, _session.HelloVerb);
        Assert.True(_session.HelloName.IsEmpty);
    }

    [Fact]
    public void A_decision_is_no_3yz_but_behind_DATA()
    {
        Hello();
        Assert.Equal(ServerEffect.CheckSender, Advance("MAIL FROM:<a@example.net>\r\n"));
        Assert.Throws<ArgumentException>(() => _session.Resume(Replies.StartMailInput, _output));

        // The misuse changed nothing: the decision is still asked for.
        _session.Resume(default, _output);
        Assert.Equal(ServerPhase.Sender, _session.Phase);
    }

    [Fact]
    public void Nothing_changes_before_a_decision()
    {
        Hello();
        Assert.Equal(ServerEffect.CheckSender, Advance("MAIL FROM:<a@example.net>\r\n"));
        Assert.Equal(ServerPhase.Ready, _session.Phase);
        Assert.Equal("a@example.net", _session.Envelope.ReversePath.ToString());
        _session.Resume(default, _output);
        Assert.Equal(ServerEffect.CheckRecipient, Advance("RCPT TO:<b@example.org>\r\n"));
        Assert.Equal(ServerPhase.Sender, _session.Phase);
        Assert.Equal("b@example.org", _session.Recipient.ForwardPath.ToString());
        Assert.Equal(0, _session.Envelope.RecipientCount);
        _session.Resume(Replies.RelayDenied, _output);
        Assert.Equal(0, _session.Envelope.RecipientCount);
        Assert.Equal(ServerEffect.CheckHello, Advance("EHLO other.example.net\r\n"));
        Assert.Equal("other.example.net", _session.GetHelloName());
        _session.Resume(Replies.RelayDenied, _output);
        Assert.Equal("client.example.net", _session.GetHelloName());
        Assert.Equal(ServerPhase.Sender, _session.Phase);
    }

    [Fact]
    public void A_failed_message_wants_a_refusal_and_is_not_aborted_again()
    {
        OpenBody();
        Assert.Equal(ServerEffect.WriteBody, Advance("text\r\n"));
        Assert.Throws<ArgumentException>(() => _session.FailMessage(Replies.Ok));
        Assert.Throws<ArgumentException>(() => _session.FailMessage(default));
        _session.FailMessage(Replies.LocalError);
        Assert.Throws<InvalidOperationException>(() => _session.FailMessage(Replies.LocalError));
        Assert.Equal(ServerEffect.NeedInput, Advance("more\r\n.\r\n"));
        Assert.EndsWith("451 4.3.0 Local error in processing, try again later\r\n", Output, StringComparison.Ordinal);
        Assert.Equal(ServerPhase.Ready, _session.Phase);
    }

    [Theory]
    [InlineData("a\nb\r\n.\r\n")]
    [InlineData("ab\r\n.\r\r\n.\r\n")]
    [InlineData("a\0b\r\n.\r\n")]
    public void A_message_that_is_refused_is_aborted_once(string body)
    {
        OpenBody();
        var effects = new List<ServerEffect>();
        for (ServerEffect effect = Advance(body); effect != ServerEffect.NeedInput; effect = Advance(""))
        {
            effects.Add(effect);
        }

        Assert.Single(effects, ServerEffect.AbortMessage);
        Assert.DoesNotContain(ServerEffect.CommitMessage, effects);
        Assert.DoesNotContain(ServerEffect.WriteBody, effects.SkipWhile(effect => effect != ServerEffect.AbortMessage));
    }

    [Theory]
    [InlineData("RSET\r\n")]
    [InlineData("EHLO client.example.net\r\n")]
    public void An_open_message_is_aborted_when_its_transaction_ends_between_chunks(string command)
    {
        OpenChunks();
        ServerEffect effect = Advance(command);
        if (effect == ServerEffect.CheckHello)
        {
            _session.Resume(default, _output);
            effect = Advance("");
        }

        // Whoever drops the message may want to know whose it was.
        Assert.Equal(ServerEffect.AbortMessage, effect);
        Assert.Equal(ServerPhase.Ready, _session.Phase);
        Assert.Equal("a@example.net", _session.Envelope.ReversePath.ToString());
        Assert.Equal(1, _session.Envelope.RecipientCount);
        Assert.Equal(ServerEffect.NeedInput, Advance(""));
        Assert.True(_session.Envelope.ReversePath.IsNull);
        Assert.Equal(0, _session.Envelope.RecipientCount);
    }

    [Fact]
    public void Terminating_says_its_reply_once_and_closes_whatever_was_awaited()
    {
        OpenBody();
        Assert.Equal(ServerEffect.CommitMessage, Advance(".\r\n"));
        _session.Terminate(Replies.ShuttingDown, _output);
        _session.Terminate(Replies.TimedOut, _output);
        Assert.Equal(ServerEffect.Close, Advance("NOOP\r\n"));
        Assert.Equal(ServerEffect.Close, Advance("NOOP\r\n"));
        Assert.EndsWith("<CRLF>.<CRLF>\r\n421 4.3.2 Service shutting down, closing connection\r\n", Output, StringComparison.Ordinal);
        Assert.Equal(0, _session.MessagesAccepted);
    }

    [Fact]
    public void No_message_is_taken_by_a_verdict_that_says_nothing()
    {
        OpenBody();
        Assert.Equal(ServerEffect.CommitMessage, Advance(".\r\n"));
        _session.Resume(default, _output);
        Assert.EndsWith("\r\n451 4.3.0 Local error in processing, try again later\r\n", Output, StringComparison.Ordinal);
        Assert.Equal(0, _session.MessagesAccepted);
        Assert.Equal(ServerPhase.Ready, _session.Phase);
    }

    [Theory]
    [InlineData("")]
    [InlineData("AUTH PLAIN\r\n")]
    [InlineData("AUTH PLAIN AGEAYg==\r\n")]
    [InlineData("MAIL FROM:<a@example.net>\r\n")]
    [InlineData("NOOP \n half a line")]
    [InlineData("BDAT 100\r\nhalf a chunk")]
    [InlineData("STARTTLS\r\n")]
    [InlineData("QUIT\r\n")]
    public void A_reset_session_is_as_new(string before)
    {
        Hello();
        Advance(before);
        _session.Reset(_session.Profile);
        _output.Clear();
        _input = default;
        Assert.False(_session.IsTls || _session.IsAuthenticated);
        Assert.Equal(0, _session.LastReplyCode);
        OpenBody();
        Assert.Equal(ServerEffect.WriteBody, Advance("x\r\n.\r\n"));
        Assert.Equal("x\r\n"u8, _session.BodyChunk.Span);
        Assert.Equal(ServerEffect.CommitMessage, Advance(""));
        _session.Resume(Replies.MessageAccepted, _output);
        Assert.Equal(1, _session.MessagesAccepted);
        Assert.EndsWith(
            "250 2.1.0 Sender OK\r\n250 2.1.5 Recipient OK\r\n354 Start mail input; end with <CRLF>.<CRLF>\r\n250 2.0.0 Message accepted\r\n",
            Output,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Pipelining_behind_a_command_that_ends_its_group_closes_where_that_is_asked_for()
    {
        var profile = new ServerProfile(new ServerProfileOptions { HostName = "mx.example.org", RejectImproperPipelining = true });
        var driver = new SessionDriver(profile, new SessionPolicy());
        driver.Receive("NOOP\r\n"u8);
        Assert.False(driver.IsClosed);
        driver.Receive("EHLO c\r\nMAIL FROM:<a@example.net>\r\n"u8);
        Assert.True(driver.IsClosed);
        Assert.EndsWith(
            "250 2.0.0 OK\r\n554 5.5.0 Improper use of pipelining, closing connection\r\n", driver.Output, StringComparison.Ordinal);
    }

    private ServerEffect Advance(string text)
    {
        _input = new ReadOnlySequence<byte>([.. _input.ToArray(), .. Wire.Encode(text)]);
        return _session.Advance(ref _input, _output);
    }

    private void Hello()
    {
        Assert.Equal(ServerEffect.CheckClient, Advance(""));
        _session.Resume(default, _output);
        Assert.Equal(ServerEffect.CheckHello, Advance("EHLO client.example.net\r\n"));
        _session.Resume(default, _output);
    }

    private void OpenEnvelope()
    {
        Hello();
        Assert.Equal(ServerEffect.CheckSender, Advance("MAIL FROM:<a@example.net>\r\n"));
        _session.Resume(default, _output);
        Assert.Equal(ServerEffect.CheckRecipient, Advance("RCPT TO:<b@example.org>\r\n"));
        _session.Resume(default, _output);
    }

    private void OpenBody()
    {
        OpenEnvelope();
        Assert.Equal(ServerEffect.OpenMessage, Advance("DATA\r\n"));
        _session.Resume(default, _output);
    }

    private void OpenChunks()
    {
        OpenEnvelope();
        Assert.Equal(ServerEffect.OpenMessage, Advance("BDAT 3\r\nabc"));
        _session.Resume(default, _output);
        Assert.Equal(ServerEffect.WriteBody, Advance(""));
        Assert.Equal(ServerEffect.NeedInput, Advance(""));
    }
}
