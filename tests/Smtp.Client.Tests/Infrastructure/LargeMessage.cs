using System.Security.Cryptography;
using System.Text;

namespace Smtp.Client.Tests;

/// <summary>A message of 100 MB that is written while it is sent, over a pool.</summary>
internal static class LargeMessage
{
    private const int Blocks = 10_000;
    private const int LinesOfBlock = 100;
    private const int LineLength = 100;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Sends, and returns the hash of the lines of the body with LF ends.</summary>
    internal static async Task<byte[]> SendAsync(
        int port, string? tlsName, SmtpCredentials? credentials, string recipient, bool chunks = false, bool lmtp = false)
    {
        await using var client = new SmtpClient(new SmtpClientOptions
        {
            Host = "127.0.0.1",
            Port = port,
            Lmtp = lmtp,
            LocalName = "client.test",
            UseChunking = chunks,
            Tls = tlsName is null ? SmtpTlsMode.None : SmtpTlsMode.StartTlsRequired,
            CertificateValidation = (_, certificate, _, _) => certificate?.Subject == $"CN={tlsName}",
            Credentials = credentials,
        });
        using var sent = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var message = new SmtpMessage("a@c.test", [recipient], MessageContent.FromWriter(async (writer, token) =>
        {
            await writer.WriteAsync("Subject: x\r\n\r\n"u8.ToArray(), token);
            for (int i = 0; i < Blocks; i++)
            {
                string line = $".{i:D8}{new string((char)('a' + (i % 26)), LineLength - 11)}\r\n";
                string block = string.Concat(Enumerable.Repeat(line, LinesOfBlock));
                sent.AppendData(Encoding.ASCII.GetBytes(block.ReplaceLineEndings("\n")));
                await writer.WriteAsync(Encoding.ASCII.GetBytes(block), token);
            }
        }));
        SendResult result = await client.SendAsync(message, Token);
        Assert.True(result.IsAccepted, result.Recipients[0].ToString());
        return sent.GetHashAndReset();
    }

    /// <summary>Compares what a server stored with what was sent.</summary>
    /// <param name="sent">The hash of what was sent.</param>
    /// <param name="stored">The message as the server has it.</param>
    /// <param name="lineEnd">The line ends that the server stores.</param>
    internal static void AssertArrived(byte[] sent, byte[] stored, string lineEnd)
    {
        byte[] end = Encoding.ASCII.GetBytes(lineEnd);
        byte[] emptyLine = [.. end, .. end];
        int body = stored.AsSpan().IndexOf(emptyLine) + emptyLine.Length;
        Assert.Equal((long)Blocks * LinesOfBlock * (LineLength - 2 + end.Length), stored.Length - body);
        using var arrived = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        while (body < stored.Length)
        {
            int length = stored.AsSpan(body).IndexOf(end);
            arrived.AppendData(stored, body, length);
            arrived.AppendData("\n"u8);
            body += length + end.Length;
        }

        Assert.Equal(sent, arrived.GetHashAndReset());
    }
}
