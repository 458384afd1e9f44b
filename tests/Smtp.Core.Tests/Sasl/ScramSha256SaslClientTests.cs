using System.Buffers;
using System.Security.Cryptography;
using System.Text;

namespace Smtp.Core.Tests.Sasl;

public class ScramSha256SaslClientTests
{
    // RFC 7677 §3.
    private const string Nonce = "rOprNGfwEbeRWgbNEkqO";
    private const string ServerFirst = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
    private const string ServerFinal = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";

    [Fact]
    public void Rfc_7677_example_runs_as_printed()
    {
        ScramSha256SaslClient mechanism = Rfc7677();
        Assert.Equal("n,,n=user,r=rOprNGfwEbeRWgbNEkqO", Respond(mechanism, ""));
        Assert.Equal(
            "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
            Respond(mechanism, ServerFirst));
        Assert.False(mechanism.IsComplete);
        Assert.Equal("", Respond(mechanism, ServerFinal));
        Assert.True(mechanism.IsComplete);
        Assert.Null(Respond(mechanism, ServerFinal));
    }

    [Theory]
    [InlineData("v=7rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")]
    [InlineData("v=")]
    [InlineData("v")]
    [InlineData("")]
    [InlineData("e=invalid-proof")]
    [InlineData("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4")]
    public void A_server_that_does_not_prove_it_knows_the_password_is_not_believed(string final)
    {
        ScramSha256SaslClient mechanism = Rfc7677();
        Respond(mechanism, "");
        Respond(mechanism, ServerFirst);
        Assert.Null(Respond(mechanism, final));
        Assert.False(mechanism.IsComplete);
        Assert.Null(Respond(mechanism, ServerFinal));
        Assert.False(mechanism.IsComplete);
    }

    [Theory]
    [InlineData("r=other,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096")]
    [InlineData("r=rOprNGfwEbeRWgbNEkqO,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096")]
    [InlineData("m=ext,r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096")]
    [InlineData("r=rOprNGfwEbeRWgbNEkqOx,s=,i=4096")]
    [InlineData("r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ,i=4096")]
    [InlineData("r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=1")]
    [InlineData("r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=2147483647")]
    [InlineData("r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=-4096")]
    [InlineData("r=rOprNGfwEbeRWgbNEkqOx")]
    [InlineData("")]
    public void A_first_message_that_is_wrong_or_would_weaken_the_exchange_is_cancelled(string serverFirst)
    {
        ScramSha256SaslClient mechanism = Rfc7677();
        Respond(mechanism, "");
        Assert.Null(Respond(mechanism, serverFirst));
        Assert.False(mechanism.IsComplete);
    }

    [Fact]
    public void A_first_challenge_that_is_not_empty_is_cancelled() => Assert.Null(Respond(Rfc7677(), "r=x"));

    [Theory]
    [InlineData(false, false, "", "n,,n=us=3Der=2C,r=abc")]
    [InlineData(false, true, "", "y,,n=us=3Der=2C,r=abc")]
    [InlineData(true, true, "", "p=tls-server-end-point,,n=us=3Der=2C,r=abc")]
    [InlineData(false, false, "a,b=c", "n,a=a=2Cb=3Dc,n=us=3Der=2C,r=abc")]
    public void First_messages(bool binds, bool couldBind, string authorizationIdentity, string expected)
    {
        SaslChannelBinding? binding = binds ? new SaslChannelBinding("tls-server-end-point", new byte[32]) : null;
        var mechanism = new ScramSha256SaslClient("us=er,", "p", authorizationIdentity, binding, couldBind, "abc");
        mechanism.Start();
        Assert.Equal(expected, Respond(mechanism, ""));
        Assert.Equal(binds ? "SCRAM-SHA-256-PLUS" : "SCRAM-SHA-256", mechanism.Name);
    }

    [Theory]
    [InlineData("pencil", "pencil", true, true, true)]
    [InlineData("pencil", "pencil", false, true, true)]
    [InlineData("pencil", "pencils", false, true, false)]
    [InlineData("pencil", "pencil", true, false, false)]
    [InlineData("pa\u00adss\u00a0w\u00f6rd", "pass w\u00f6rd", false, true, true)]
    public void Both_sides_agree(string stored, string typed, bool plus, bool sameCertificate, bool accepted)
    {
        var theirs = new SaslChannelBinding("tls-server-end-point", RandomNumberGenerator.GetBytes(32));
        SaslChannelBinding ours = sameCertificate ? theirs : theirs with { Data = new byte[32] };
        var server = new ScramSha256SaslServer(plus, plusIsOffered: true, theirs);
        var client = new ScramSha256SaslClient("user", typed, binding: plus ? ours : null);
        client.Start();
        Assert.Equal(SaslServerStepKind.LookUp, server.Evaluate(Encoding.UTF8.GetBytes(Respond(client, "")!)).Kind);
        SaslServerStep step = server.SupplySecret(ScramSecret.Create(stored, 4096));
        step = server.Evaluate(Encoding.UTF8.GetBytes(Respond(client, Encoding.UTF8.GetString(step.Challenge.Span))!));
        Assert.Equal(accepted, step.Kind == SaslServerStepKind.Challenge);
        if (accepted)
        {
            Assert.Equal("", Respond(client, Encoding.UTF8.GetString(step.Challenge.Span)));
            Assert.True(client.IsComplete);
            Assert.Equal(SaslServerStepKind.Accept, server.Evaluate(default).Kind);
        }
    }

    [Fact]
    public void A_client_that_could_bind_exposes_a_server_whose_offer_was_changed_on_the_way()
    {
        var server = new ScramSha256SaslServer(isPlus: false, plusIsOffered: true, new SaslChannelBinding("tls-server-end-point", new byte[32]));
        var client = new ScramSha256SaslClient("user", "pencil", couldBind: true);
        client.Start();
        Assert.Equal(SaslServerStepKind.Reject, server.Evaluate(Encoding.UTF8.GetBytes(Respond(client, "")!)).Kind);
    }

    [Theory]
    [InlineData("", "x")]
    [InlineData("x", "")]
    [InlineData("x", "a\u0007")]
    [InlineData("x\0", "a")]
    [InlineData("x\ufffd", "a")]
    public void Credentials_that_cannot_be_used_are_refused_at_once(string userName, string password) =>
        Assert.Throws<ArgumentException>(() => new ScramSha256SaslClient(userName, password));

    private static ScramSha256SaslClient Rfc7677()
    {
        var mechanism = new ScramSha256SaslClient("user", "pencil", "", binding: null, couldBind: false, Nonce);
        mechanism.Start();
        return mechanism;
    }

    private static string? Respond(SaslClientMechanism mechanism, string challenge)
    {
        var response = new ArrayBufferWriter<byte>();
        return mechanism.Respond(Encoding.UTF8.GetBytes(challenge), response) == SaslClientStep.Respond
            ? Encoding.UTF8.GetString(response.WrittenSpan)
            : null;
    }
}
