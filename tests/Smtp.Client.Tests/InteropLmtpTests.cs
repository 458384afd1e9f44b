using System.Text;
using Smtp.Interop;

namespace Smtp.Client.Tests;

/// <summary>Dovecot's LMTP server, which has a verdict of its own for each recipient.</summary>
[Trait("Category", "Interop")]
public sealed class InteropLmtpTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true, SmtpTlsMode.None)]
    [InlineData(false, SmtpTlsMode.None)]
    [InlineData(true, SmtpTlsMode.StartTlsRequired)]
    public async Task Each_recipient_has_its_own_result(bool useChunking, SmtpTlsMode tls)
    {
        await using DovecotInstance server = await DovecotInstance.StartAsync(Assert.Skip);
        await using var client = new SmtpClient(new SmtpClientOptions
        {
            Host = "127.0.0.1",
            Port = server.Port,
            Lmtp = true,
            Tls = tls,
            UseChunking = useChunking,
            CertificateValidation = (_, certificate, _, _) => certificate?.Subject == "CN=mx.example.test",
        });
        byte[] content = "Subject: x\r\n\r\n.dot\r\n"u8.ToArray();
        for (int i = 0; i < 3; i++)
        {
            SendResult result = await client.SendAsync(
                new SmtpMessage("a@c.test", ["known@example.test", "unknown@example.test", "broken@example.test", "other@example.test"], content), Token);
            Assert.Equal(
                [
                    (DeliveryOutcome.Accepted, SmtpStage.FinalReply, 250),
                    (DeliveryOutcome.PermanentFailure, SmtpStage.Recipient, 550),
                    (DeliveryOutcome.TransientFailure, SmtpStage.FinalReply, 451),
                    (DeliveryOutcome.Accepted, SmtpStage.FinalReply, 250),
                ],
                result.Recipients.Select(recipient => (recipient.Outcome, recipient.Stage, recipient.Reply.Code)));
            Assert.Equal(new EnhancedStatus(4, 2, 0), result.Recipients[2].Status);
        }

        foreach (string recipient in (string[])["known", "other"])
        {
            IReadOnlyList<byte[]> stored = server.ReadMailbox(recipient);
            Assert.Equal(3, stored.Count);
            Assert.All(stored, octets => Assert.EndsWith("Subject: x\n\n.dot\n", Encoding.Latin1.GetString(octets), StringComparison.Ordinal));
        }
    }
}
