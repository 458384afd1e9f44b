using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Smtp.Server;

/// <summary>
/// The header that a load balancer puts in front of a connection: the PROXY protocol, versions 1 and 2 (HAProxy's specification, proxy-protocol.txt).
/// </summary>
/// <param name="Source">The client's address; null if the balancer speaks for itself (LOCAL, UNKNOWN).</param>
/// <param name="Destination">The address that the client connected to; null likewise.</param>
internal sealed record ProxyHeader(IPEndPoint? Source, IPEndPoint? Destination)
{
    // §2.1: the longest version 1 header, CRLF included.
    private const int LongestVersion1 = 107;

    // What version 2 may carry beside addresses (TLVs) is skipped; a balancer's is far below this.
    private const int LongestVersion2 = 4096;

    private static readonly SearchValues<char> AddressOctets = SearchValues.Create("0123456789abcdefABCDEF:.");

    private static ReadOnlySpan<byte> Signature => "\r\n\r\n\0\r\nQUIT\n"u8;

    /// <summary>
    /// Reads a header and not one octet more: what follows may be a TLS handshake.
    /// </summary>
    /// <returns>Null if what came is no header.</returns>
    internal static async ValueTask<ProxyHeader?> ReadAsync(Stream stream)
    {
        // Both versions have at least 12 octets: "PROXY UNKNOWN" CRLF, and the signature.
        byte[] start = new byte[16];
        if (await stream.ReadAtLeastAsync(start.AsMemory(0, 12), 12, throwOnEndOfStream: false).ConfigureAwait(false) < 12)
        {
            return null;
        }

        if (start.AsSpan(0, 12).SequenceEqual(Signature))
        {
            if (await stream.ReadAtLeastAsync(start.AsMemory(12, 4), 4, throwOnEndOfStream: false).ConfigureAwait(false) < 4)
            {
                return null;
            }

            int length = BinaryPrimitives.ReadUInt16BigEndian(start.AsSpan(14));
            if (start[12] >> 4 != 2 || length > LongestVersion2)
            {
                return null;
            }

            byte[] rest = new byte[length];
            return await stream.ReadAtLeastAsync(rest, length, throwOnEndOfStream: false).ConfigureAwait(false) < length
                ? null
                : ParseVersion2(start[12] & 0xF, start[13], rest);
        }

        if (!start.AsSpan(0, 6).SequenceEqual("PROXY "u8))
        {
            return null;
        }

        // Octet by octet, from a trusted neighbour and once a connection, so that nothing behind the CRLF is taken.
        byte[] line = new byte[LongestVersion1];
        start.AsSpan(0, 12).CopyTo(line);
        int count = 12;
        while (line[count - 1] != '\n')
        {
            if (count == LongestVersion1 || await stream.ReadAsync(line.AsMemory(count, 1)).ConfigureAwait(false) == 0)
            {
                return null;
            }

            count++;
        }

        return line[count - 2] == '\r' ? ParseVersion1(Encoding.ASCII.GetString(line, 0, count - 2)) : null;
    }

    /// <summary><c>"PROXY" SP ("TCP4" / "TCP6") SP source SP destination SP source-port SP destination-port</c>, or <c>"PROXY UNKNOWN" ...</c> (§2.1)</summary>
    internal static ProxyHeader? ParseVersion1(string line)
    {
        string[] parts = line.Split(' ');
        if (parts.Length >= 2 && parts[0] == "PROXY" && parts[1] == "UNKNOWN")
        {
            return new ProxyHeader(null, null);
        }

        AddressFamily family = parts.Length == 6 && parts[0] == "PROXY"
            ? parts[1] switch
            {
                "TCP4" => AddressFamily.InterNetwork,
                "TCP6" => AddressFamily.InterNetworkV6,
                _ => AddressFamily.Unspecified,
            }
            : AddressFamily.Unspecified;
        return family != AddressFamily.Unspecified
            && TryParseEndPoint(parts[2], parts[4], family, out IPEndPoint? source)
            && TryParseEndPoint(parts[3], parts[5], family, out IPEndPoint? destination)
            ? new ProxyHeader(source, destination)
            : null;
    }

    /// <summary>§2.2: command, family and protocol, addresses, TLVs.</summary>
    internal static ProxyHeader? ParseVersion2(int command, byte familyAndProtocol, ReadOnlySpan<byte> rest)
    {
        // 0 is LOCAL: a health check of the balancer's own.
        if (command is 0)
        {
            return new ProxyHeader(null, null);
        }

        if (command != 1)
        {
            return null;
        }

        int size = familyAndProtocol switch
        {
            0x11 => 4,
            0x21 => 16,
            _ => 0,
        };
        if (size == 0)
        {
            // UNSPEC, a datagram or a Unix socket: accepted, and the addresses ignored.
            return new ProxyHeader(null, null);
        }

        if (rest.Length < (2 * size) + 4)
        {
            return null;
        }

        return new ProxyHeader(
            new IPEndPoint(new IPAddress(rest[..size]), BinaryPrimitives.ReadUInt16BigEndian(rest[(2 * size)..])),
            new IPEndPoint(new IPAddress(rest.Slice(size, size)), BinaryPrimitives.ReadUInt16BigEndian(rest[((2 * size) + 2)..])));
    }

    private static bool TryParseEndPoint(string address, string port, AddressFamily family, out IPEndPoint? endPoint)
    {
        // IPAddress also reads "[::1]:25", a scope and "0x7f.1", which are no addresses here, and §2.1 allows a port no leading zero.
        bool valid = IPAddress.TryParse(address, out IPAddress? ip)
            & ushort.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out ushort number)
            && ip!.AddressFamily == family
            && (family == AddressFamily.InterNetwork ? ip.ToString() == address : !address.AsSpan().ContainsAnyExcept(AddressOctets))
            && (port.Length == 1 || port[0] != '0');
        endPoint = valid ? new IPEndPoint(ip!, number) : null;
        return valid;
    }
}
