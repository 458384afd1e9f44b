using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Smtp.Client;

/// <summary>Ways to a server through a proxy, for <see cref="SmtpConnectionOptions.ConnectCallback"/>.</summary>
/// <remarks>
/// The proxy sees where the connection goes and, without TLS to the server, what it carries. It looks the server's name up. User name and
/// password go to the proxy as plaintext.
/// </remarks>
public static class SmtpProxy
{
    /// <summary>Through a SOCKS5 proxy (RFC 1928), with user name and password if given (RFC 1929).</summary>
    /// <param name="host">The proxy's host name or IP address.</param>
    /// <param name="port">The proxy's port, mostly 1080.</param>
    /// <param name="credential">User name and password of 1 to 255 octets; <see langword="null"/>, the default, for none.</param>
    /// <exception cref="ArgumentException">A value has a form that cannot be sent.</exception>
    public static Func<SmtpConnectContext, CancellationToken, ValueTask<Stream>> Socks5(string host, int port, NetworkCredential? credential = null)
    {
        Demand(host, port);
        var handshake = new Socks5Handshake(credential);
        return (context, cancellationToken) => ConnectAsync(host, port, context, handshake.RunAsync, cancellationToken);
    }

    /// <summary>Through an HTTP proxy's CONNECT (RFC 9110 §9.3.6), with Basic authentication if given (RFC 7617).</summary>
    /// <param name="host">The proxy's host name or IP address.</param>
    /// <param name="port">The proxy's port, mostly 3128 or 8080.</param>
    /// <param name="credential">User name, without a colon, and password; <see langword="null"/>, the default, for none.</param>
    /// <exception cref="ArgumentException">A value has a form that cannot be sent.</exception>
    public static Func<SmtpConnectContext, CancellationToken, ValueTask<Stream>> HttpConnect(string host, int port, NetworkCredential? credential = null)
    {
        Demand(host, port);
        var handshake = new HttpConnectHandshake(credential);
        return (context, cancellationToken) => ConnectAsync(host, port, context, handshake.RunAsync, cancellationToken);
    }

    /// <summary>The target as it may stand in a proxy's request: nothing in it can end a line or a field.</summary>
    internal static string Target(string host)
    {
        if (IPAddress.TryParse(host, out IPAddress? address))
        {
            return new IPAddress(address.GetAddressBytes()).ToString();
        }

        string ascii = new IdnMapping().GetAscii(host);
        return Uri.CheckHostName(ascii) == UriHostNameType.Dns && ascii.Length <= 255
            ? ascii
            : throw new ArgumentException("Neither a host name nor an IP address.", nameof(host));
    }

    private static async ValueTask<Stream> ConnectAsync(
        string host,
        int port,
        SmtpConnectContext context,
        Func<Stream, string, int, CancellationToken, ValueTask> handshake,
        CancellationToken cancellationToken)
    {
        string target = Target(context.Host);
        Socket socket = await TcpConnector.ConnectAsync(host, port, context.LocalEndPoint, context.TimeProvider, cancellationToken).ConfigureAwait(false);
        var stream = new NetworkStream(socket, ownsSocket: true);
        try
        {
            await handshake(stream, target, context.Port, cancellationToken).ConfigureAwait(false);
            return stream;
        }
        catch
        {
            await stream.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private static void Demand(string host, int port)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(host);
        if (Uri.CheckHostName(host) == UriHostNameType.Unknown)
        {
            throw new ArgumentException("Neither a host name nor an IP address.", nameof(host));
        }

        ArgumentOutOfRangeException.ThrowIfLessThan(port, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(port, 65535);
    }
}
