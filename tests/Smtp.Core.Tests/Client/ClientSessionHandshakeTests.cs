using System.Buffers;
using System.Text;

namespace Smtp.Core.Tests.Client;

/// <summary>Greeting, EHLO, STARTTLS, AUTH, and the commands without effect on mail.</summary>
public sealed class ClientSessionHandshakeTests
{
    [Fact]
    public void Greeting_and_EHLO()
    {
        SessionDialogue dialogue = Begun();
        Assert.Equal(SmtpStage.Greeting, dialogue.Session.Stage);
        Assert.Equal(ClientEffect.Completed, dialogue.Run("""
            S: 220-mx.test ESMTP
            S: 220 ready
            C: EHLO client.test
            S: 250-mx.test hello
            S: 250-SIZE 1000
            S: 250 PIPELINING
            """));
        Assert.True(dialogue.Session.Peer.Offers(SmtpExtensions.Pipelining | SmtpExtensions.Size));
        Assert.Equal(ClientPhase.Ready, dialogue.Session.Phase);
    }

    [Theory]
    [InlineData("500 what?")]
    [InlineData("502 5.5.1 not here")]
    [InlineData("550 no")]
    public void A_server_without_EHLO_is_asked_with_HELO(string refusal)
    {
        SessionDialogue dialogue = Begun();
        Assert.Equal(ClientEffect.Completed, dialogue.Run($"""
            S: 220 mx.test
            C: EHLO client.test
            S: {refusal}
            C: HELO client.test
            S: 250-mx.test
            S: 250 PIPELINING
            """));
        Assert.Equal(SmtpExtensions.None, dialogue.Session.Peer.Extensions);
    }

    [Theory]
    [InlineData("S: 554 5.7.1 go away", SmtpStage.Greeting)]
    [InlineData("S: 450 busy", SmtpStage.Greeting)]
    [InlineData("S: 220 mx\nC: EHLO client.test\nS: 450 busy", SmtpStage.Hello)]
    [InlineData("S: 220 mx\nC: EHLO client.test\nS: 554 no\nC: HELO client.test\nS: 554 no", SmtpStage.Hello)]
    public void A_session_may_be_refused(string script, SmtpStage stage)
    {
        SessionDialogue dialogue = Begun();
        Assert.Equal(ClientEffect.Refused, dialogue.Run(script));
        Assert.Equal(stage, dialogue.Session.Stage);
        Assert.Equal(ClientPhase.Closed, dialogue.Session.Phase);
    }

    [Theory]
    [InlineData("S: 250 hello", PeerViolation.UnexpectedCode)]
    [InlineData("S: 354 go", PeerViolation.UnexpectedCode)]
    [InlineData("S: * OK [CAPABILITY IMAP4rev1] PREAUTH", PeerViolation.MalformedReply)]
    [InlineData("S: 220 mx\nC: EHLO client.test\nS: 334 x", PeerViolation.UnexpectedCode)]
    public void What_is_no_greeting_is_named(string script, PeerViolation violation)
    {
        SessionDialogue dialogue = Begun();
        Assert.Equal(ClientEffect.Violation, dialogue.Run(script));
        Assert.Equal(violation, dialogue.Session.Violation);
    }

    [Fact]
    public void STARTTLS_forgets_what_was_said_before()
    {
        SessionDialogue dialogue = SessionDialogue.Ready("STARTTLS", "AUTH PLAIN", "PIPELINING");
        dialogue.Session.BeginStartTls();
        Assert.Equal(ClientEffect.UpgradeTls, dialogue.Run("C: STARTTLS\nS: 220 go"));
        Assert.Equal(SmtpStage.TlsHandshake, dialogue.Session.Stage);
        dialogue.Session.CompleteTls();
        Assert.Equal(SmtpExtensions.None, dialogue.Session.Peer.Extensions);
        Assert.Throws<InvalidOperationException>(dialogue.Session.BeginNoop);
        dialogue.Session.BeginHello("client.test"u8);
        Assert.Equal(ClientEffect.Completed, dialogue.Run("C: EHLO client.test\nS: 250-mx.test\nS: 250 SIZE 5"));
        Assert.Equal(SmtpExtensions.Size, dialogue.Session.Peer.Extensions);
        Assert.True(dialogue.Session.IsTls);
        Assert.Throws<InvalidOperationException>(dialogue.Session.BeginStartTls);
    }

    [Theory]
    [InlineData("220 go\r\n250 AUTH PLAIN\r\n")]
    [InlineData("220 go\r\n2")]
    [InlineData("220-go\r\n220 go\r\n\r\n")]
    public void Octets_behind_the_220_of_STARTTLS_fail_the_session(string replies)
    {
        SessionDialogue dialogue = SessionDialogue.Ready("STARTTLS");
        dialogue.Session.BeginStartTls();
        dialogue.Run("C: STARTTLS");
        dialogue.RunRaw(replies, ClientEffect.Violation, out _);
        Assert.Equal(PeerViolation.DataBehindStartTls, dialogue.Session.Violation);
    }

    [Fact]
    public void STARTTLS_refused_leaves_the_session_as_it_was()
    {
        SessionDialogue dialogue = SessionDialogue.Ready("STARTTLS");
        dialogue.Session.BeginStartTls();
        Assert.Equal(ClientEffect.Refused, dialogue.Run("C: STARTTLS\nS: 454 4.7.0 not now"));
        Assert.Equal(ClientPhase.Ready, dialogue.Session.Phase);
    }

    [Fact]
    public void STARTTLS_that_was_not_offered_is_misuse() =>
        Assert.Throws<InvalidOperationException>(SessionDialogue.Ready("PIPELINING").Session.BeginStartTls);

    [Fact]
    public void AUTH_PLAIN_goes_with_its_initial_response()
    {
        SessionDialogue dialogue = SessionDialogue.Ready("AUTH PLAIN");
        dialogue.Session.BeginAuthenticate(new PlainSaslClient("a", "b"));
        Assert.Equal(ClientEffect.Completed, dialogue.Run("C: AUTH PLAIN AGEAYg==\nS: 235 2.7.0 welcome"));
        Assert.True(dialogue.Session.IsAuthenticated);
        Assert.Throws<InvalidOperationException>(() => dialogue.Session.BeginAuthenticate(new PlainSaslClient("a", "b")));
    }

    [Fact]
    public void An_initial_response_that_is_too_long_waits_for_the_empty_challenge()
    {
        string password = new('x', 400);
        SessionDialogue dialogue = SessionDialogue.Ready("AUTH PLAIN");
        dialogue.Session.BeginAuthenticate(new PlainSaslClient("a", password));
        string response = Convert.ToBase64String(Encoding.ASCII.GetBytes($"\0a\0{password}"));
        Assert.Equal(ClientEffect.Completed, dialogue.Run($"C: AUTH PLAIN\nS: 334 \nC: {response}\nS: 235 ok"));
    }

    [Fact]
    public void AUTH_LOGIN_answers_its_prompts()
    {
        SessionDialogue dialogue = SessionDialogue.Ready("AUTH LOGIN");
        dialogue.Session.BeginAuthenticate(new LoginSaslClient("user", "secret"));
        Assert.Equal(ClientEffect.Completed, dialogue.Run("""
            C: AUTH LOGIN
            S: 334 VXNlcm5hbWU6
            C: dXNlcg==
            S: 334 UGFzc3dvcmQ6
            C: c2VjcmV0
            S: 235 2.7.0 ok
            """));
    }

    [Fact]
    public void A_wrong_password_leaves_the_session_ready()
    {
        SessionDialogue dialogue = SessionDialogue.Ready("AUTH PLAIN");
        dialogue.Session.BeginAuthenticate(new PlainSaslClient("a", "b"));
        Assert.Equal(ClientEffect.Refused, dialogue.Run("C: AUTH PLAIN AGEAYg==\nS: 535 5.7.8 no"));
        Assert.False(dialogue.Session.IsAuthenticated);
        Assert.Equal(ClientPhase.Ready, dialogue.Session.Phase);
    }

    [Fact]
    public void A_challenge_too_many_is_answered_with_a_star()
    {
        SessionDialogue dialogue = SessionDialogue.Ready("AUTH PLAIN");
        dialogue.Session.BeginAuthenticate(new PlainSaslClient("a", "b"));
        Assert.Equal(ClientEffect.Refused, dialogue.Run("C: AUTH PLAIN AGEAYg==\nS: 334 bW9yZQ==\nC: *\nS: 501 5.7.0 cancelled"));
    }

    [Fact]
    public void Endless_challenges_end()
    {
        SessionDialogue dialogue = SessionDialogue.Ready("AUTH PLAIN");
        dialogue.Session.BeginAuthenticate(new PlainSaslClient("a", "b"));
        string script = "C: AUTH PLAIN AGEAYg==\n" + string.Concat(Enumerable.Repeat("S: 334 \nC: *\n", 16)) + "S: 334 ";
        Assert.Equal(ClientEffect.Violation, dialogue.Run(script));
        Assert.Equal(SmtpStage.Authenticate, dialogue.Session.Stage);
    }

    [Theory]
    [InlineData("334 not base64!", PeerViolation.MalformedChallenge)]
    [InlineData("334 VXNl cm5h", PeerViolation.MalformedChallenge)]
    [InlineData("334 =", PeerViolation.MalformedChallenge)]
    [InlineData("334-VXNl\nS: 334 VXNl", PeerViolation.MalformedChallenge)]
    [InlineData("235 2.7.0 who cares for passwords", PeerViolation.ServerNotVerified)]
    [InlineData("250 ok", PeerViolation.UnexpectedCode)]
    public void What_is_no_part_of_the_exchange_is_named(string reply, PeerViolation violation)
    {
        SessionDialogue dialogue = SessionDialogue.Ready("AUTH LOGIN");
        dialogue.Session.BeginAuthenticate(new LoginSaslClient("user", "secret"));
        Assert.Equal(ClientEffect.Violation, dialogue.Run("C: AUTH LOGIN\nS: " + reply));
        Assert.Equal(violation, dialogue.Session.Violation);
    }

    [Fact]
    public void NOOP_RSET_and_QUIT()
    {
        SessionDialogue dialogue = SessionDialogue.Ready("PIPELINING");
        dialogue.Session.BeginNoop();
        Assert.Equal(ClientEffect.Completed, dialogue.Run("C: NOOP\nS: 250 ok"));
        dialogue.Session.BeginNoop();
        Assert.Equal(ClientEffect.Refused, dialogue.Run("C: NOOP\nS: 500 what?"));
        dialogue.Session.BeginReset();
        Assert.Equal(ClientEffect.Completed, dialogue.Run("C: RSET\nS: 250 ok"));
        dialogue.Session.BeginQuit();
        Assert.Equal(ClientEffect.Closing, dialogue.Run("C: QUIT\nS: 221 bye"));
        Assert.Equal(ClientPhase.Closed, dialogue.Session.Phase);
        Assert.Throws<InvalidOperationException>(dialogue.Session.BeginNoop);
    }

    [Fact]
    public void A_refused_RSET_is_a_violation()
    {
        SessionDialogue dialogue = SessionDialogue.Ready();
        dialogue.Session.BeginReset();
        Assert.Equal(ClientEffect.Violation, dialogue.Run("C: RSET\nS: 500 what?"));
    }

    [Fact]
    public void A_name_that_could_end_the_command_is_refused()
    {
        var session = new ClientSession();
        Assert.Throws<ArgumentException>(() => session.BeginHello("client.test\r\nRSET"u8));
        Assert.Equal(ClientPhase.Connected, session.Phase);
        var input = ReadOnlySequence<byte>.Empty;
        Assert.Throws<InvalidOperationException>(() => session.Advance(ref input, new ArrayBufferWriter<byte>()));
    }

    private static SessionDialogue Begun()
    {
        var dialogue = new SessionDialogue();
        dialogue.Session.BeginHello("client.test"u8);
        return dialogue;
    }
}
