using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Relay.Host;

/// <summary>Reads <c>host:port</c>.</summary>
internal static class HostAndPort
{
    /// <summary>Reads a host name, an IPv4 address or an IPv6 address in brackets, and a port.</summary>
    /// <param name="text">The text.</param>
    /// <param name="host">The host, without brackets.</param>
    /// <param name="port">0 to 65535.</param>
    internal static bool TryParse(ReadOnlySpan<char> text, out string host, out int port)
    {
        host = string.Empty;
        port = 0;
        text = text.Trim();
        int colon = text.LastIndexOf(':');
        if (colon <= 0
            || !int.TryParse(text[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out port)
            || port > IPEndPoint.MaxPort)
        {
            return false;
        }

        ReadOnlySpan<char> name = text[..colon];
        if (name[0] == '[')
        {
            if (name[^1] != ']' || !IPAddress.TryParse(name[1..^1], out IPAddress? address) || address.AddressFamily != AddressFamily.InterNetworkV6)
            {
                return false;
            }

            host = name[1..^1].ToString();
            return true;
        }

        // Brackets are what tells an IPv6 address's last group from a port.
        host = name.ToString();
        return Uri.CheckHostName(host) is UriHostNameType.Dns or UriHostNameType.IPv4;
    }

    /// <summary>Reads an address to listen on: an IP address, <c>localhost</c>, or <c>*</c> for all addresses; port 0 takes a free one.</summary>
    internal static bool TryParseListener(ReadOnlySpan<char> text, out IPEndPoint endPoint)
    {
        endPoint = new IPEndPoint(IPAddress.None, 0);
        text = text.Trim();
        bool isAll = text.StartsWith("*:");
        if (!TryParse(isAll ? string.Concat("0.0.0.0", text[1..]) : text, out string host, out int port))
        {
            return false;
        }

        IPAddress? address = isAll ? IPAddress.IPv6Any : null;
        if (address is null && !IPAddress.TryParse(host, out address))
        {
            // Names that resolve to several addresses, or to another one tomorrow, are no good to listen on.
            if (!host.Equals("localhost", StringComparison.OrdinalIgnoreCase))
            {
                return false;
            }

            address = IPAddress.Loopback;
        }

        endPoint = new IPEndPoint(address, port);
        return true;
    }

    /// <summary>Whether a host is this machine by its name or address alone.</summary>
    internal static bool IsLoopback(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || (IPAddress.TryParse(host, out IPAddress? address) && IPAddress.IsLoopback(address));
}
