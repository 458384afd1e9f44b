using System.Net;
using System.Net.Security;
using System.Net.Sockets;

namespace Smtp.LoadHost;

/// <summary>
/// The least that a .NET server can do and still be talked to by an SMTP client: a socket, a buffer, the first letter of each line. No parsing, no limits,
/// no deadlines, no check of anything. What the engine costs beyond this is what the engine costs.
/// </summary>
internal static class BareLoop
{
    internal static async Task RunAsync(IPEndPoint endPoint, SslStreamCertificateContext? certificate, CancellationToken cancellationToken)
    {
        using var listening = new Socket(SocketType.Stream, ProtocolType.Tcp);
        listening.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        listening.Bind(endPoint);
        listening.Listen(512);
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                Socket socket = await listening.AcceptAsync(cancellationToken).ConfigureAwait(false);
                socket.NoDelay = true;
                _ = Task.Run(() => certificate is null ? ServeAsync(socket) : ServeTlsAsync(socket, certificate), CancellationToken.None);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private static async Task ServeAsync(Socket socket)
    {
        try
        {
            byte[] input = new byte[64 * 1024];
            byte[] output = new byte[64 * 1024];
            int length = 0;
            bool inBody = false;
            "220 load.example.com ESMTP\r\n"u8.CopyTo(output);
            await socket.SendAsync(output.AsMemory(0, 28), SocketFlags.None).ConfigureAwait(false);
            while (true)
            {
                int count = await socket.ReceiveAsync(input.AsMemory(length), SocketFlags.None).ConfigureAwait(false);
                if (count == 0)
                {
                    return;
                }

                length += count;
                int written = 0;
                bool quit = false;
                int consumed = Answer(input.AsSpan(0, length), output, ref written, ref inBody, ref quit);
                input.AsSpan(consumed, length - consumed).CopyTo(input);
                length -= consumed;
                if (written > 0)
                {
                    await socket.SendAsync(output.AsMemory(0, written), SocketFlags.None).ConfigureAwait(false);
                }

                if (quit)
                {
                    return;
                }
            }
        }
        catch (SocketException)
        {
        }
        finally
        {
            socket.Dispose();
        }
    }

    /// <summary>The same loop over a bare <see cref="SslStream"/>.</summary>
    private static async Task ServeTlsAsync(Socket socket, SslStreamCertificateContext certificate)
    {
        try
        {
            await using var stream = new SslStream(new NetworkStream(socket, ownsSocket: true));
            await stream.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificateContext = certificate }).ConfigureAwait(false);
            byte[] input = new byte[64 * 1024];
            byte[] output = new byte[64 * 1024];
            int length = 0;
            bool inBody = false;
            "220 load.example.com ESMTP\r\n"u8.CopyTo(output);
            await stream.WriteAsync(output.AsMemory(0, 28)).ConfigureAwait(false);
            while (true)
            {
                int count = await stream.ReadAsync(input.AsMemory(length)).ConfigureAwait(false);
                if (count == 0)
                {
                    return;
                }

                length += count;
                int written = 0;
                bool quit = false;
                int consumed = Answer(input.AsSpan(0, length), output, ref written, ref inBody, ref quit);
                input.AsSpan(consumed, length - consumed).CopyTo(input);
                length -= consumed;
                if (written > 0)
                {
                    await stream.WriteAsync(output.AsMemory(0, written)).ConfigureAwait(false);
                }

                if (quit)
                {
                    await stream.ShutdownAsync().ConfigureAwait(false);
                    return;
                }
            }
        }
        catch (Exception error) when (error is IOException or SocketException or System.Security.Authentication.AuthenticationException)
        {
        }
    }

    private static int Answer(Span<byte> input, Span<byte> output, ref int written, ref bool inBody, ref bool quit)
    {
        int position = 0;
        while (true)
        {
            Span<byte> rest = input[position..];
            if (inBody)
            {
                int end = rest.IndexOf("\r\n.\r\n"u8);
                if (end < 0)
                {
                    // The last four octets may be the start of the end.
                    return position + Math.Max(0, rest.Length - 4);
                }

                position += end + 5;
                inBody = false;
                Write("250 OK\r\n"u8, output, ref written);
                continue;
            }

            int newline = rest.IndexOf((byte)'\n');
            if (newline < 0)
            {
                return position;
            }

            byte first = rest[0];
            position += newline + 1;
            if (first == 'D')
            {
                inBody = true;
                Write("354 go\r\n"u8, output, ref written);
            }
            else if (first == 'Q')
            {
                quit = true;
                Write("221 bye\r\n"u8, output, ref written);
                return position;
            }
            else
            {
                Write("250 OK\r\n"u8, output, ref written);
            }
        }
    }

    private static void Write(ReadOnlySpan<byte> text, Span<byte> output, ref int written)
    {
        text.CopyTo(output[written..]);
        written += text.Length;
    }
}
