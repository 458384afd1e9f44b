using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Relay.Host.Tests;

/// <summary>A client that is slow and obvious: a line out, a reply in. It shares no code with the engine.</summary>
internal sealed class Submitter : IAsyncDisposable
{
    private Stream _stream;

    internal Submitter(Stream stream) => _stream = stream;

    internal Stream Stream => _stream;

    internal static async Task<Submitter> ConnectAsync(IPEndPoint endPoint)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(endPoint);
        var submitter = new Submitter(new NetworkStream(socket, ownsSocket: true));
        Assert.StartsWith("220 ", await submitter.ReplyAsync(), StringComparison.Ordinal);
        return submitter;
    }

    /// <summary>Connects and says EHLO.</summary>
    internal static async Task<Submitter> GreetAsync(IPEndPoint endPoint)
    {
        Submitter submitter = await ConnectAsync(endPoint);
        await submitter.DemandAsync("EHLO client.example.com", 250);
        return submitter;
    }

    internal async Task<string> SayAsync(string line)
    {
        await _stream.WriteAsync(Encoding.UTF8.GetBytes(line + "\r\n"));
        return await ReplyAsync();
    }

    internal async Task<string> DemandAsync(string line, int code)
    {
        string reply = await SayAsync(line);
        Assert.StartsWith($"{code}", reply, StringComparison.Ordinal);
        return reply;
    }

    /// <summary>The envelope of a@example.com to the recipients; up to DATA, whose reply is returned.</summary>
    internal async Task<string> OfferAsync(params string[] recipients)
    {
        await DemandAsync("MAIL FROM:<a@example.com>", 250);
        foreach (string recipient in recipients)
        {
            await DemandAsync($"RCPT TO:<{recipient}>", 250);
        }

        return await SayAsync("DATA");
    }

    /// <summary>Sends a whole message, and returns the last reply.</summary>
    internal async Task<string> SendAsync(byte[] content, params string[] recipients)
    {
        Assert.StartsWith("354", await OfferAsync(recipients), StringComparison.Ordinal);
        await _stream.WriteAsync(Stuff(content));
        return await ReplyAsync();
    }

    /// <summary>STARTTLS with a server that has exactly this certificate, and EHLO.</summary>
    internal async Task StartTlsAsync(string certificatePath)
    {
        await DemandAsync("STARTTLS", 220);
        using X509Certificate2 expected = X509CertificateLoader.LoadCertificateFromFile(certificatePath);
        var tls = new SslStream(_stream, false, (_, certificate, _, _) => certificate?.Equals(expected) == true);
        await tls.AuthenticateAsClientAsync("localhost");
        _stream = tls;
        await DemandAsync("EHLO client.example.com", 250);
    }

    internal async Task<string> ReplyAsync()
    {
        var reply = new StringBuilder();
        while (true)
        {
            var line = new StringBuilder();
            byte[] one = new byte[1];
            while (!(line.Length > 1 && line[^1] == '\n'))
            {
                if (await _stream.ReadAsync(one) == 0)
                {
                    return reply.Append(line).Append("(closed)").ToString();
                }

                line.Append((char)one[0]);
            }

            reply.Append(line);
            if (line[3] == ' ')
            {
                return reply.ToString().TrimEnd();
            }
        }
    }

    public ValueTask DisposeAsync() => _stream.DisposeAsync();

    /// <summary>RFC 5321 §4.5.2, line by line.</summary>
    internal static byte[] Stuff(byte[] content)
    {
        string text = Encoding.Latin1.GetString(content);
        if (text.Length > 0 && !text.EndsWith("\r\n", StringComparison.Ordinal))
        {
            text += "\r\n";
        }

        string[] lines = text.Split("\r\n")[..^1];
        return Encoding.Latin1.GetBytes(string.Concat(lines.Select(line => (line.StartsWith('.') ? "." : string.Empty) + line + "\r\n")) + ".\r\n");
    }
}
