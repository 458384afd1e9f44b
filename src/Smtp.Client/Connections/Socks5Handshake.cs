using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Smtp.Client;

/// <summary>SOCKS5's CONNECT (RFC 1928), with user name and password (RFC 1929).</summary>
internal sealed class Socks5Handshake
{
    private const byte Version = 5;
    private const byte NoAuthentication = 0;
    private const byte UserNamePassword = 2;
    private const byte AddressV4 = 1;
    private const byte DomainName = 3;
    private const byte AddressV6 = 4;

    private readonly byte[]? _authentication;

    internal Socks5Handshake(NetworkCredential? credential)
    {
        if (credential is not null)
        {
            byte[] userName = Encoding.UTF8.GetBytes(credential.UserName);
            byte[] password = Encoding.UTF8.GetBytes(credential.Password);
            if (userName.Length is 0 or > 255 || password.Length is 0 or > 255)
            {
                throw new ArgumentException("User name and password have 1 to 255 octets (RFC 1929 section 2).", nameof(credential));
            }

            _authentication = [1, (byte)userName.Length, .. userName, (byte)password.Length, .. password];
        }
    }

    internal async ValueTask RunAsync(Stream stream, string host, int port, CancellationToken cancellationToken)
    {
        // +----+----------+----------+
        // |VER | NMETHODS | METHODS  |
        // +----+----------+----------+
        byte[] methods = _authentication is null ? [Version, 1, NoAuthentication] : [Version, 2, NoAuthentication, UserNamePassword];
        await stream.WriteAsync(methods, cancellationToken).ConfigureAwait(false);
        byte[] answer = new byte[4];
        await stream.ReadExactlyAsync(answer.AsMemory(0, 2), cancellationToken).ConfigureAwait(false);
        if (answer[0] != Version)
        {
            throw new IOException("The proxy does not speak SOCKS5.");
        }

        if (answer[1] == UserNamePassword && _authentication is not null)
        {
            await stream.WriteAsync(_authentication, cancellationToken).ConfigureAwait(false);
            await stream.ReadExactlyAsync(answer.AsMemory(0, 2), cancellationToken).ConfigureAwait(false);
            if (answer[1] != 0)
            {
                throw new IOException("The proxy refuses the user name and password.");
            }
        }
        else if (answer[1] != NoAuthentication)
        {
            throw new IOException("The proxy wants an authentication that was not offered to it.");
        }

        // +----+-----+-------+------+----------+----------+
        // |VER | CMD |  RSV  | ATYP | DST.ADDR | DST.PORT |
        // +----+-----+-------+------+----------+----------+
        byte[] request = [Version, 1, 0, .. Address(host), (byte)(port >> 8), (byte)port];
        await stream.WriteAsync(request, cancellationToken).ConfigureAwait(false);
        await stream.ReadExactlyAsync(answer, cancellationToken).ConfigureAwait(false);
        if (answer[0] != Version || answer[1] != 0)
        {
            throw new IOException($"The proxy refuses the connection: {Reason(answer[1])}.");
        }

        // BND.ADDR and BND.PORT: of no use, but in front of what the server says.
        int length = answer[3] switch
        {
            AddressV4 => 4,
            AddressV6 => 16,
            DomainName => await ReadLengthAsync(stream, cancellationToken).ConfigureAwait(false),
            _ => throw new IOException("The proxy's answer has an unknown kind of address."),
        };
        await stream.ReadExactlyAsync(new byte[length + 2], cancellationToken).ConfigureAwait(false);
    }

    private static byte[] Address(string host)
    {
        if (IPAddress.TryParse(host, out IPAddress? address))
        {
            return [address.AddressFamily == AddressFamily.InterNetwork ? AddressV4 : AddressV6, .. address.GetAddressBytes()];
        }

        byte[] name = Encoding.ASCII.GetBytes(host);
        return [DomainName, (byte)name.Length, .. name];
    }

    private static async ValueTask<int> ReadLengthAsync(Stream stream, CancellationToken cancellationToken)
    {
        byte[] length = new byte[1];
        await stream.ReadExactlyAsync(length, cancellationToken).ConfigureAwait(false);
        return length[0];
    }

    /// <summary>RFC 1928 §6.</summary>
    private static string Reason(byte reply) => reply switch
    {
        1 => "general failure",
        2 => "not allowed by its rules",
        3 => "network unreachable",
        4 => "host unreachable",
        5 => "connection refused",
        6 => "TTL expired",
        7 => "command not supported",
        8 => "address type not supported",
        _ => $"reply {reply}",
    };
}
