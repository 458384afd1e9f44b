using System.Buffers;
using System.Text;

namespace Smtp.Core.Tests.Client;

public sealed class SaslClientTests
{
    [Theory]
    [InlineData("tim", "tanstaaftanstaaf", "", "\0tim\0tanstaaftanstaaf")]
    [InlineData("Kurt", "xipj3plmq", "Ursel", "Ursel\0Kurt\0xipj3plmq")]
    [InlineData("J\u00fcrgen", "p\u00e4ss", "", "\0J\u00fcrgen\0p\u00e4ss")]
    public void PLAIN_as_in_RFC_4616(string user, string password, string authorizationIdentity, string expected)
    {
        var mechanism = new PlainSaslClient(user, password, authorizationIdentity);
        mechanism.Start();
        Assert.False(mechanism.IsComplete);
        Assert.Equal(expected, Respond(mechanism, ""));
        Assert.True(mechanism.IsComplete);
        Assert.Null(Respond(mechanism, "more?"));
        mechanism.Start();
        Assert.Equal(expected, Respond(mechanism, ""));
    }

    [Fact]
    public void LOGIN_answers_two_prompts_in_order()
    {
        var mechanism = new LoginSaslClient("user", "secret");
        mechanism.Start();
        Assert.Equal("user", Respond(mechanism, "Username:"));
        Assert.False(mechanism.IsComplete);
        Assert.Equal("secret", Respond(mechanism, "anything"));
        Assert.True(mechanism.IsComplete);
        Assert.Null(Respond(mechanism, "Username:"));
    }

    [Theory]
    [InlineData("", "x", "")]
    [InlineData("x", "", "")]
    [InlineData("a\0b", "x", "")]
    [InlineData("a", "x\0y", "")]
    [InlineData("a", "x", "\0")]
    public void Credentials_that_cannot_be_sent_are_refused_without_being_quoted(string user, string password, string authorizationIdentity)
    {
        ArgumentException error = Assert.Throws<ArgumentException>(() => new PlainSaslClient(user, password, authorizationIdentity));
        Assert.DoesNotContain("\0", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Half_a_surrogate_pair_is_refused() => Assert.Throws<ArgumentException>(() => new LoginSaslClient("user", "\ud800"));

    [Fact]
    public void OAUTHBEARER_as_in_RFC_7628()
    {
        const string Token = "vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg==";
        var mechanism = new OAuthBearerSaslClient("user@example.com", Token, "server.example.com", 143);
        mechanism.Start();
        Assert.Equal(
            "n,a=user@example.com,\u0001host=server.example.com\u0001port=143\u0001auth=Bearer vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg==\u0001\u0001",
            Respond(mechanism, ""));
        Assert.True(mechanism.IsComplete);

        // The refusal is answered with %x01, once, and no success is believed after it.
        const string Error = "{\"status\":\"invalid_token\",\"scope\":\"example_scope\"}";
        Assert.Equal("\u0001", Respond(mechanism, Error));
        Assert.Equal(Error, mechanism.ServerError);
        Assert.False(mechanism.IsComplete);
        Assert.Null(Respond(mechanism, Error));
        mechanism.Start();
        Assert.Null(mechanism.ServerError);
        Assert.NotNull(Respond(mechanism, ""));
    }

    [Fact]
    public void XOAUTH2_as_Google_has_it()
    {
        var mechanism = new XOAuth2SaslClient("someuser@example.com", "ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg");
        mechanism.Start();
        Assert.Equal(
            "dXNlcj1zb21ldXNlckBleGFtcGxlLmNvbQFhdXRoPUJlYXJlciB5YTI5LnZGOWRmdDRxbVRjMk52YjNSbGNrQmhkSFJoZG1semRHRXVZMjl0Q2cBAQ==",
            Convert.ToBase64String(Encoding.UTF8.GetBytes(Respond(mechanism, "")!)));
        Assert.True(mechanism.IsComplete);
        Assert.Equal("", Respond(mechanism, "{\"status\":\"401\"}"));
        Assert.False(mechanism.IsComplete);
        Assert.Null(Respond(mechanism, "again"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("ursel")]
    public void EXTERNAL_says_whom_to_act_for(string identity)
    {
        var mechanism = new ExternalSaslClient(identity);
        mechanism.Start();
        Assert.Equal(identity, Respond(mechanism, ""));
        Assert.True(mechanism.IsComplete);
        Assert.Null(Respond(mechanism, ""));
    }

    [Theory]
    [InlineData("user", "to ken")]
    [InlineData("user", "to\u0001ken")]
    [InlineData("user", "")]
    [InlineData("us\u0001er", "token")]
    [InlineData("us\r\ner", "token")]
    public void A_token_cannot_add_a_field(string user, string token)
    {
        Assert.Throws<ArgumentException>(() => new XOAuth2SaslClient(user, token));
        Assert.Throws<ArgumentException>(() => new OAuthBearerSaslClient(user, token));
        Assert.Throws<ArgumentException>(() => new OAuthBearerSaslClient("user", "token", "host\u0001auth=Bearer other"));
    }

    [Theory]
    [InlineData("user@example.com", "abc", true)]
    [InlineData("a,b=c", "abc", true)]
    public void The_servers_side_reads_what_the_client_says(string user, string token, bool bearer)
    {
        SaslClientMechanism client = bearer ? new OAuthBearerSaslClient(user, token) : new XOAuth2SaslClient(user, token);
        client.Start();
        SaslServerStep step = new OAuthBearerSaslServer().Evaluate(Encoding.UTF8.GetBytes(Respond(client, "")!));
        Assert.Equal(SaslServerStepKind.Verify, step.Kind);
        Assert.Equal((user, token), (step.Credentials!.AuthorizationIdentity, step.Credentials.Token));
    }

    private static string? Respond(SaslClientMechanism mechanism, string challenge)
    {
        var response = new ArrayBufferWriter<byte>();
        return mechanism.Respond(Encoding.UTF8.GetBytes(challenge), response) == SaslClientStep.Respond
            ? Encoding.UTF8.GetString(response.WrittenSpan)
            : null;
    }
}
