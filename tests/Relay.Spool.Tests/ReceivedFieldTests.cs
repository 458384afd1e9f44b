using System.Net;
using System.Text;

namespace Relay.Spool.Tests;

public sealed class ReceivedFieldTests
{
    private static readonly DateTimeOffset Now = new(2026, 2, 3, 4, 5, 6, TimeSpan.FromHours(2));

    [Fact]
    public void All_clauses_stand_in_the_order_of_the_grammar() => Assert.Equal(
        "Received: from client.example.com ([192.0.2.7])\r\n"
        + "\tby relay.example.com with ESMTPSA\r\n"
        + "\tid 0123abcd\r\n"
        + "\tfor <b@example.net>\r\n"
        + "\ttls TLS_AES_256_GCM_SHA384;\r\n"
        + "\tTue, 3 Feb 2026 02:05:06 +0000\r\n",
        Create("client.example.com", "192.0.2.7", "ESMTPSA", "TLS_AES_256_GCM_SHA384", "b@example.net"));

    [Theory]
    [InlineData("2001:db8::1", " ([IPv6:2001:db8::1])")]
    [InlineData("fe80::1%3", " ([IPv6:fe80::1])")]
    [InlineData("::ffff:192.0.2.7", " ([192.0.2.7])")]
    [InlineData(null, "")]
    public void The_address_is_a_literal(string? address, string expected) => Assert.Equal(
        $"Received: from [192.0.2.9]{expected}\r\n\tby relay.example.com with SMTP\r\n\tid 0123abcd;\r\n\tTue, 3 Feb 2026 02:05:06 +0000\r\n",
        Create("[192.0.2.9]", address, "SMTP", null, null));

    [Theory]
    [InlineData(true, false, false, false, "SMTP")]
    [InlineData(true, false, true, false, "SMTP")]
    [InlineData(false, false, false, false, "ESMTP")]
    [InlineData(false, false, false, true, "ESMTPA")]
    [InlineData(false, false, true, false, "ESMTPS")]
    [InlineData(false, false, true, true, "ESMTPSA")]
    [InlineData(false, true, false, false, "UTF8SMTP")]
    [InlineData(false, true, false, true, "UTF8SMTPA")]
    [InlineData(false, true, true, false, "UTF8SMTPS")]
    [InlineData(false, true, true, true, "UTF8SMTPSA")]
    public void The_protocol_is_RFC_3848s(bool helo, bool utf8, bool tls, bool authenticated, string expected) =>
        Assert.Equal(expected, ReceivedField.Protocol(helo, utf8, tls, authenticated));

    private static string Create(string hello, string? address, string protocol, string? cipher, string? recipient) =>
        Encoding.UTF8.GetString(ReceivedField.Create(
            hello, address is null ? null : new IPEndPoint(IPAddress.Parse(address), 1), "relay.example.com", protocol, cipher, "0123abcd", recipient, Now));
}
