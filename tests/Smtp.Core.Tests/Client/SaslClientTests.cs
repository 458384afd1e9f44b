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

    private static string? Respond(SaslClientMechanism mechanism, string challenge)
    {
        var response = new ArrayBufferWriter<byte>();
        return mechanism.Respond(Encoding.UTF8.GetBytes(challenge), response) == SaslClientStep.Respond
            ? Encoding.UTF8.GetString(response.WrittenSpan)
            : null;
    }
}
