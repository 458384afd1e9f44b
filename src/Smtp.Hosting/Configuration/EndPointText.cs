using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Smtp.Hosting;

/// <summary>End points as configuration writes them.</summary>
internal static class EndPointText
{
    /// <summary>What is allowed, behind "must be".</summary>
    internal const string Allowed = "a port such as 2525, an address with a port such as 127.0.0.1:2525 or [::1]:2525, or unix: with a path";

    /// <summary>All addresses of this machine: by one socket for both families, or IPv4's alone where the kernel has no IPv6, as in many containers.</summary>
    internal static IPEndPoint AllAddresses(int port) => new(Socket.OSSupportsIPv6 ? IPAddress.IPv6Any : IPAddress.Any, port);

    /// <summary>Reads an end point. A port alone, or with * in front, means all addresses.</summary>
    /// <exception cref="FormatException">The text is none.</exception>
    internal static EndPoint Parse(string text)
    {
        if (text.StartsWith("unix:", StringComparison.Ordinal) && text.Length > "unix:".Length)
        {
            return new UnixDomainSocketEndPoint(text["unix:".Length..]);
        }

        string port = text.StartsWith("*:", StringComparison.Ordinal) ? text[2..] : text;
        if (ushort.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out ushort number))
        {
            return AllAddresses(number);
        }

        // IPEndPoint.Parse takes a missing port for port 0, and "::1:25" for an address.
        bool hasPort = text.StartsWith('[') ? text.Contains("]:", StringComparison.Ordinal) : text.Count(c => c == ':') == 1;
        return hasPort ? IPEndPoint.Parse(text) : throw new FormatException();
    }
}
