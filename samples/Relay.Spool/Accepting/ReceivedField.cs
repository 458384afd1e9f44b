using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Smtp.Core;
using Smtp.Server;

namespace Relay.Spool;

/// <summary>The <c>Received:</c> field that a relay puts in front of each message (RFC 5321 §4.4).</summary>
internal static class ReceivedField
{
    /// <summary>Makes the field for a message of a session.</summary>
    internal static byte[] Create(SmtpSessionContext session, Envelope envelope, string hostName, string id, DateTimeOffset now) => Create(
        session.HelloName,
        session.RemoteEndPoint,
        hostName,
        Protocol(session.HelloVerb == SmtpVerb.Helo, envelope.SmtpUtf8, session.IsTls, session.Identity is not null),
        session.TlsCipherSuite,
        id,

        // RFC 5321 §7.2: to name one recipient of several would show the others who is on a blind copy.
        envelope.RecipientCount == 1 ? envelope[0].ForwardPath.ToString() : null,
        now);

    /// <summary>
    /// <c>Time-stamp-line = "Received:" FWS Stamp CRLF</c>, <c>Stamp = From-domain By-domain Opt-info [CFWS] ";" FWS date-time</c> (RFC 5321 §4.4)
    /// </summary>
    /// <param name="helloName">What EHLO or HELO gave.</param>
    /// <param name="remote">Where the connection came from; null if unknown.</param>
    /// <param name="hostName">The relay's name.</param>
    /// <param name="protocol">See <see cref="Protocol"/>.</param>
    /// <param name="cipherSuite">The TLS cipher suite's registered name (RFC 8314 §4.3); null without TLS.</param>
    /// <param name="id">The relay's name for the message; an atom.</param>
    /// <param name="recipient">The only recipient; null if there are more.</param>
    /// <param name="now">When the message came.</param>
    /// <returns>The field in UTF-8, on folded lines, with its last CRLF.</returns>
    internal static byte[] Create(
        string helloName, EndPoint? remote, string hostName, string protocol, string? cipherSuite, string id, string? recipient, DateTimeOffset now)
    {
        var field = new StringBuilder();
        field.Append(CultureInfo.InvariantCulture, $"Received: from {helloName}");
        if (AddressLiteral(remote) is { } literal)
        {
            field.Append(CultureInfo.InvariantCulture, $" ({literal})");
        }

        field.Append(CultureInfo.InvariantCulture, $"\r\n\tby {hostName} with {protocol}");
        field.Append(CultureInfo.InvariantCulture, $"\r\n\tid {id}");
        if (recipient is not null)
        {
            field.Append(CultureInfo.InvariantCulture, $"\r\n\tfor <{recipient}>");
        }

        if (cipherSuite is not null)
        {
            field.Append(CultureInfo.InvariantCulture, $"\r\n\ttls {cipherSuite}");
        }

        field.Append(CultureInfo.InvariantCulture, $";\r\n\t{now.UtcDateTime:ddd, d MMM yyyy HH':'mm':'ss} +0000\r\n");
        return Encoding.UTF8.GetBytes(field.ToString());
    }

    /// <summary>The registered name of how the message came (RFC 3848, RFC 6531 §3.7.3): SMTP, ESMTP, ESMTPSA, UTF8SMTPS and so on.</summary>
    internal static string Protocol(bool isHelo, bool smtpUtf8, bool isTls, bool isAuthenticated) => (isHelo, smtpUtf8, isTls, isAuthenticated) switch
    {
        (true, _, _, _) => "SMTP",
        (_, false, false, false) => "ESMTP",
        (_, false, false, true) => "ESMTPA",
        (_, false, true, false) => "ESMTPS",
        (_, false, true, true) => "ESMTPSA",
        (_, true, false, false) => "UTF8SMTP",
        (_, true, false, true) => "UTF8SMTPA",
        (_, true, true, false) => "UTF8SMTPS",
        (_, true, true, true) => "UTF8SMTPSA",
    };

    /// <summary><c>TCP-info = address-literal</c> (RFC 5321 §4.4, §4.1.3)</summary>
    private static string? AddressLiteral(EndPoint? remote)
    {
        if (remote is not IPEndPoint { Address: { } address })
        {
            return null;
        }

        address = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;

        // A scope means something on this machine only.
        return address.AddressFamily == AddressFamily.InterNetwork ? $"[{address}]" : $"[IPv6:{new IPAddress(address.GetAddressBytes())}]";
    }
}
