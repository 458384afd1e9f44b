using System.Buffers;
using System.Text;

namespace Smtp.Core.Tests.Client;

public sealed class PeerCapabilitiesTests
{
    [Fact]
    public void What_a_real_server_offers_is_read()
    {
        PeerCapabilities peer = Parse(
            "mx.example.com Hello client [192.0.2.1]",
            "PIPELINING",
            "SIZE 10240000",
            "VRFY",
            "ETRN",
            "STARTTLS",
            "AUTH plain LOGIN",
            "AUTH=PLAIN LOGIN",
            "ENHANCEDSTATUSCODES",
            "8bitmime",
            "DSN",
            "SMTPUTF8",
            "CHUNKING",
            "BINARYMIME",
            "LIMITS MAILMAX=20 RCPTMAX=100 RCPTDOMAINMAX=3",
            "REQUIRETLS",
            "XCLIENT NAME ADDR");

        Assert.Equal("mx.example.com", peer.HostName);
        Assert.Equal(
            SmtpExtensions.Pipelining | SmtpExtensions.Size | SmtpExtensions.EightBitMime | SmtpExtensions.EnhancedStatusCodes
            | SmtpExtensions.StartTls | SmtpExtensions.Auth | SmtpExtensions.SmtpUtf8 | SmtpExtensions.Chunking
            | SmtpExtensions.BinaryMime | SmtpExtensions.Dsn | SmtpExtensions.Limits | SmtpExtensions.RequireTls,
            peer.Extensions);
        Assert.Equal(10_240_000, peer.MaximumSize);
        Assert.Equal(["PLAIN", "LOGIN"], peer.AuthenticationMechanisms);
        Assert.Equal(20, peer.MaximumMessages);
        Assert.Equal(100, peer.MaximumRecipients);
        Assert.Equal(3, peer.MaximumRecipientDomains);
        Assert.True(peer.TryGetKeyword("xclient", out string parameters));
        Assert.Equal("NAME ADDR", parameters);
        Assert.False(peer.TryGetKeyword("XFORWARD", out _));
    }

    [Theory]
    [InlineData("SIZE")]
    [InlineData("SIZE 0")]
    [InlineData("SIZE -1")]
    [InlineData("SIZE 99999999999999999999")]
    [InlineData("SIZE many")]
    public void A_size_that_limits_nothing_is_no_limit(string line) => Assert.Null(Parse("mx", line).MaximumSize);

    [Fact]
    public void The_old_form_of_AUTH_is_understood() =>
        Assert.Equal(["LOGIN", "PLAIN"], Parse("mx", "AUTH=LOGIN PLAIN").AuthenticationMechanisms);

    [Fact]
    public void BINARYMIME_without_CHUNKING_is_of_no_use() =>
        Assert.False(Parse("mx", "BINARYMIME").Offers(SmtpExtensions.BinaryMime));

    [Fact]
    public void The_first_line_offers_nothing()
    {
        PeerCapabilities peer = Parse("STARTTLS");
        Assert.Equal(SmtpExtensions.None, peer.Extensions);
    }

    [Theory]
    [InlineData("-PIPELINING")]
    [InlineData("PIPE_LINING")]
    [InlineData("")]
    [InlineData("LIMITS RCPTMAX=0 MAILMAX=x")]
    public void What_breaks_the_grammar_is_passed_over(string line)
    {
        PeerCapabilities peer = Parse("mx", line);
        Assert.False(peer.Offers(SmtpExtensions.Pipelining));
        Assert.Null(peer.MaximumRecipients);
        Assert.Null(peer.MaximumMessages);
    }

    private static PeerCapabilities Parse(params string[] lines)
    {
        string wire = string.Concat(lines.Select((line, i) => $"250{(i == lines.Length - 1 ? ' ' : '-')}{line}\r\n"));
        var input = new ReadOnlySequence<byte>(Encoding.ASCII.GetBytes(wire));
        Assert.Equal(ReplyReadStatus.Reply, new ReplyReader().Read(ref input, ReplyReader.MaximumLineLength, out ReceivedReply reply));
        return PeerCapabilities.Parse(reply);
    }
}
