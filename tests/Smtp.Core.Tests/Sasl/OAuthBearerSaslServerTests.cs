using System.Text;

namespace Smtp.Core.Tests.Sasl;

public class OAuthBearerSaslServerTests
{
    // RFC 7628 §4.1.
    private const string Example = "n,a=user@example.com,\u0001host=server.example.com\u0001port=143\u0001"
        + "auth=Bearer vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==\u0001\u0001";

    [Fact]
    public void Rfc_7628_example_is_taken_apart()
    {
        SaslServerStep step = new OAuthBearerSaslServer().Evaluate(Encoding.UTF8.GetBytes(Example));

        Assert.Equal(SaslServerStepKind.Verify, step.Kind);
        Assert.Equal("user@example.com", step.Credentials!.AuthorizationIdentity);
        Assert.Equal("vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==", step.Credentials.Token);
        Assert.Null(step.Credentials.Password);
        Assert.DoesNotContain(step.Credentials.Token!, step.Credentials.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("n,,\u0001auth=Bearer abc\u0001\u0001", nameof(SaslServerStepKind.Verify))]
    [InlineData("n,,\u0001auth=bearer abc\u0001\u0001", nameof(SaslServerStepKind.Verify))]
    [InlineData("n,,\u0001auth=Bearer abc\u0001", nameof(SaslServerStepKind.Malformed))]
    [InlineData("n,,\u0001auth=Bearer \u0001\u0001", nameof(SaslServerStepKind.Malformed))]
    [InlineData("n,,\u0001auth=Basic abc\u0001\u0001", nameof(SaslServerStepKind.Malformed))]
    [InlineData("n,,\u0001auth=Bearer abc\u0001auth=Bearer def\u0001\u0001", nameof(SaslServerStepKind.Malformed))]
    [InlineData("p=tls-unique,,\u0001auth=Bearer abc\u0001\u0001", nameof(SaslServerStepKind.Malformed))]
    [InlineData("n,,\u0001host=x\u0001\u0001", nameof(SaslServerStepKind.Malformed))]
    [InlineData("", nameof(SaslServerStepKind.Malformed))]
    public void Messages(string message, string expected) =>
        Assert.Equal(expected, new OAuthBearerSaslServer().Evaluate(Encoding.UTF8.GetBytes(message)).Kind.ToString());

    [Theory]
    [InlineData("user=someuser@example.com\u0001auth=Bearer ya29.vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg\u0001\u0001", nameof(SaslServerStepKind.Verify))]
    [InlineData("user=\u0001auth=Bearer abc\u0001\u0001", nameof(SaslServerStepKind.Malformed))]
    [InlineData("user=a\u0001auth=Bearer abc\u0001", nameof(SaslServerStepKind.Malformed))]
    [InlineData("user=a\u0001auth=abc\u0001\u0001", nameof(SaslServerStepKind.Malformed))]
    public void XOAuth2_messages(string message, string expected) =>
        Assert.Equal(expected, new XOAuth2SaslServer().Evaluate(Encoding.UTF8.GetBytes(message)).Kind.ToString());
}
