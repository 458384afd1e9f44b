using System.Net;
using Smtp.Client;

namespace Smtp.Packages.Tests;

/// <summary>Sends a small message.</summary>
internal static class Letter
{
    internal const string Text = "From: <you@example.com>\r\nTo: <friend@example.net>\r\nSubject: Hello\r\n\r\nHello.\r\n";

    internal static async Task<SendResult> SendAsync(
        EndPoint server, SmtpTlsMode tls = SmtpTlsMode.None, SmtpCredentials? credentials = null, string to = "friend@example.net", string text = Text)
    {
        var endPoint = (IPEndPoint)server;
        await using SmtpConnection connection = await SmtpConnection.ConnectAsync(
            new SmtpConnectionOptions
            {
                Host = "127.0.0.1",
                Port = endPoint.Port,
                Tls = tls,
                Credentials = credentials,
                AllowPlaintextAuthentication = true,
                CertificateValidation = (_, _, _, _) => true,
            },
            TestContext.Current.CancellationToken);
        return await connection.SendAsync(
            new SmtpMessage("you@example.com", [to], System.Text.Encoding.UTF8.GetBytes(text)), TestContext.Current.CancellationToken);
    }
}
