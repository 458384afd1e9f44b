using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Smtp.Core;

namespace Smtp.Server;

/// <summary>The field that every server puts in front of a message that it delivers or passes on (RFC 5321 §4.4). Sinks of the application's own want it too.</summary>
public static class TraceField
{
    /// <summary>Makes a <c>Received:</c> field with its CRLF, in UTF-8.</summary>
    /// <param name="session">How the message came.</param>
    /// <param name="envelope">Its envelope. Its recipient is named only if it is the only one: else the others could see who is on a blind copy (§7.2).</param>
    /// <param name="hostName">This server's name.</param>
    /// <param name="now">When it came.</param>
    public static byte[] CreateReceived(SmtpSessionContext session, Envelope envelope, string hostName, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(session);
        ArgumentNullException.ThrowIfNull(envelope);
        ArgumentException.ThrowIfNullOrEmpty(hostName);
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"Received: from {session.HelloName}");
        if (AddressLiteral(session.RemoteEndPoint) is { } literal)
        {
            text.Append(CultureInfo.InvariantCulture, $" ({literal})");
        }

        text.Append(CultureInfo.InvariantCulture, $"\r\n\tby {hostName} with {Protocol(session, envelope)}");
        if (envelope.RecipientCount == 1)
        {
            text.Append(CultureInfo.InvariantCulture, $"\r\n\tfor <{envelope[0].ForwardPath}>");
        }

        text.Append(CultureInfo.InvariantCulture, $";\r\n\t{now.UtcDateTime:ddd, d MMM yyyy HH':'mm':'ss} +0000\r\n");
        return Encoding.UTF8.GetBytes(text.ToString());
    }

    /// <summary>The registered name of how the message came (RFC 3848, RFC 6531 §3.7.3, RFC 2033).</summary>
    private static string Protocol(SmtpSessionContext session, Envelope envelope)
    {
        if (session.HelloVerb == SmtpVerb.Helo)
        {
            return "SMTP";
        }

        string name = session.HelloVerb == SmtpVerb.Lhlo ? "LMTP" : envelope.SmtpUtf8 ? "SMTP" : "ESMTP";
        return (envelope.SmtpUtf8 ? "UTF8" : string.Empty) + name + (session.IsTls ? "S" : string.Empty) + (session.Identity is null ? string.Empty : "A");
    }

    /// <summary><c>TCP-info = address-literal</c> (RFC 5321 §4.4, §4.1.3)</summary>
    private static string? AddressLiteral(EndPoint? remote) => remote is not IPEndPoint { Address: { } address } ? null
        : address.AddressFamily == AddressFamily.InterNetwork ? $"[{address}]"

        // A scope means something on this machine only.
        : $"[IPv6:{new IPAddress(address.GetAddressBytes())}]";
}
