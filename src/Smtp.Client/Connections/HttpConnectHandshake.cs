using System.Net;
using System.Text;

namespace Smtp.Client;

/// <summary>HTTP's CONNECT (RFC 9110 §9.3.6), with Basic authentication (RFC 7617).</summary>
internal sealed class HttpConnectHandshake
{
    private const int MaximumHeadLength = 8192;

    private readonly string _authorization = string.Empty;

    internal HttpConnectHandshake(NetworkCredential? credential)
    {
        if (credential is not null)
        {
            if (credential.UserName.Contains(':') || $"{credential.UserName}{credential.Password}".Any(char.IsControl))
            {
                throw new ArgumentException("The user name has no colon, and neither has control characters (RFC 7617 section 2).", nameof(credential));
            }

            string pair = Convert.ToBase64String(Encoding.UTF8.GetBytes($"{credential.UserName}:{credential.Password}"));
            _authorization = $"Proxy-Authorization: Basic {pair}\r\n";
        }
    }

    internal async ValueTask RunAsync(Stream stream, string host, int port, CancellationToken cancellationToken)
    {
        string authority = host.Contains(':') ? $"[{host}]:{port}" : $"{host}:{port}";
        await stream.WriteAsync(
            Encoding.ASCII.GetBytes($"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n{_authorization}\r\n"), cancellationToken).ConfigureAwait(false);

        // Octet by octet: what stands behind the head is the server's greeting already.
        byte[] head = new byte[MaximumHeadLength];
        int length = 0;
        while (!head.AsSpan(0, length).EndsWith("\r\n\r\n"u8))
        {
            if (length == head.Length)
            {
                throw new IOException($"The proxy's answer has over {MaximumHeadLength} octets.");
            }

            await stream.ReadExactlyAsync(head.AsMemory(length++, 1), cancellationToken).ConfigureAwait(false);
        }

        // status-line = HTTP-version SP status-code SP [ reason-phrase ]
        ReadOnlySpan<byte> line = head.AsSpan(0, head.AsSpan().IndexOf((byte)'\r'));
        bool isHttp = line.Length >= 12 && line.StartsWith("HTTP/1."u8) && line[8] == ' ' && (line.Length == 12 || line[12] == ' ');
        if (!isHttp)
        {
            throw new IOException("The proxy does not speak HTTP/1.");
        }

        if (line[9] != '2')
        {
            string text = string.Concat(Encoding.Latin1.GetString(line[9..Math.Min(line.Length, 120)]).Select(c => char.IsControl(c) ? '?' : c));
            throw new IOException($"The proxy refuses the connection: {text}");
        }
    }
}
