using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Smtp.Interop;

namespace Smtp.Client.Tests;

/// <summary>
/// Real servers with PIPELINING and CHUNKING: 60 small messages over one connection, several in a flight. Every eighth one has no recipient that the server knows, so
/// that its BDAT is refused with the next message right behind it. Exim ends a connection at the eleventh such (smtp_accept_max_nonmail counts the RSET behind it).
/// </summary>
[Trait("Category", "Interop")]
public sealed partial class InteropFlightTests
{
    private const int Count = 60;
    private const int Known = Count - (Count / 8);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Postfix()
    {
        await using PostfixInstance server = await PostfixInstance.StartAsync(Assert.Skip, relayTo: null);
        await SendAsync(server.Port, null, () => server.ReadMailboxAsync("known", Known, Token));
    }

    [Fact]
    public async Task Exim()
    {
        await using MailboxServer server = await MailboxServer.StartEximAsync(Assert.Skip);
        await SendAsync(server.Port, new SmtpCredentials("user", "secret"), () => server.ReadMailboxAsync(Known, Token));
    }

    private static async Task SendAsync(int port, SmtpCredentials? credentials, Func<Task<IReadOnlyList<byte[]>>> read)
    {
        var log = new ListLogger();
        SmtpMessage[] messages =
        [
            .. Enumerable.Range(0, Count).Select(i => new SmtpMessage(
                $"sender{i}@c.test",
                [IsKnown(i) ? "known@example.test" : "unknown@example.test"],
                Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"Subject: {i}\r\n\r\n.\r\nmessage {i}\r\n"))))
        ];
        SendResult[] results = [.. messages.Select(_ => new SendResult())];
        await using (SmtpConnection connection = await SmtpConnection.ConnectAsync(
            new SmtpConnectionOptions
            {
                Host = "127.0.0.1",
                Port = port,
                LocalName = "client.test",
                Tls = SmtpTlsMode.StartTlsIfOffered,
                CertificateValidation = (_, certificate, _, _) => certificate?.Subject == "CN=mx.example.test",
                Credentials = credentials,
                LoggerFactory = log,
            },
            Token))
        {
            Assert.True(connection.Peer.Offers(SmtpExtensions.Pipelining | SmtpExtensions.Chunking));
            await connection.SendAllAsync(messages, results, Token);
            Assert.True(connection.IsUsable);
        }

        Assert.Equal(
            Enumerable.Range(0, Count).Select(i => IsKnown(i) ? DeliveryOutcome.Accepted : DeliveryOutcome.PermanentFailure),
            results.Select(result => result.Recipients[0].Outcome));
        Assert.True(MostUnanswered(log) >= 8, $"{MostUnanswered(log)} in a flight");

        // Each as it was sent, with the sender that it was sent from: no message went into another's transaction.
        var stored = (await read()).Select(Encoding.Latin1.GetString).ToDictionary(text => int.Parse(Subject().Match(text).Groups[1].Value, CultureInfo.InvariantCulture));
        Assert.Equal(Enumerable.Range(0, Count).Where(IsKnown), stored.Keys.Order());
        Assert.All(stored, message =>
        {
            Assert.EndsWith($"\n\n.\nmessage {message.Key}\n", message.Value.TrimEnd('\n') + "\n", StringComparison.Ordinal);
            Assert.Contains($"<sender{message.Key}@c.test>", message.Value, StringComparison.Ordinal);
        });

        static bool IsKnown(int i) => i % 8 != 7;
    }

    /// <summary>How many messages were sent whole and not answered at a time.</summary>
    private static int MostUnanswered(ListLogger log)
    {
        int most = 0;
        int current = 0;
        for (int i = 0; i < log.Lines.Count; i++)
        {
            current += log.Lines[i].Contains("octets of content", StringComparison.Ordinal) ? 1 : log.Events[i] is 1010 or 1011 ? -1 : 0;
            most = Math.Max(most, current);
        }

        return most;
    }

    [GeneratedRegex(@"^Subject: (\d+)\r?$", RegexOptions.Multiline)]
    private static partial Regex Subject();
}
