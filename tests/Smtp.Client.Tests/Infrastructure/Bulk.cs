using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace Smtp.Client.Tests;

/// <summary>Many messages that can be told apart, and how they are sent over a pool and compared.</summary>
internal static partial class Bulk
{
    /// <summary>How many messages <see cref="Contents"/> has.</summary>
    internal const int Count = 64;

    /// <summary>
    /// Messages of 0 octets to 1 MB. All but the first, which is empty, begin with a line <c>Subject: N</c>; there are lines of dots, empty lines and 8-bit octets.
    /// </summary>
    internal static byte[][] Contents()
    {
        var random = new Random(1);
        var contents = new byte[Count][];
        contents[0] = [];
        for (int i = 1; i < Count; i++)
        {
            int size = i % 16 == 15 ? i * 16 * 1024 : random.Next(10, 4000);
            var text = new StringBuilder($"Subject: {i}\r\n\r\n", size + 200);
            while (text.Length < size)
            {
                text.Append(random.Next(4) switch
                {
                    0 => "",
                    1 => new string('.', random.Next(1, 5)),
                    2 => new string('\u00fc', random.Next(1, 70)),
                    _ => new string((char)random.Next('0', 'z'), random.Next(1, 75)),
                }).Append("\r\n");
            }

            contents[i] = Encoding.Latin1.GetBytes(text.Append(".\r\n").ToString());
        }

        return contents;
    }

    /// <summary>Sends all contents at once over a pool; of the two recipients, the second is refused.</summary>
    internal static async Task SendAsync(SmtpClientOptions options, byte[][] contents, string known, string refused, CancellationToken cancellationToken)
    {
        await using var client = new SmtpClient(options);
        SendResult[] results = await Task.WhenAll(contents.Select(content =>
            client.SendAsync(new SmtpMessage("a@c.test", [known, refused], content), cancellationToken).AsTask()));
        Assert.All(results, result => Assert.Equal(
            [DeliveryOutcome.Accepted, DeliveryOutcome.PermanentFailure], result.Recipients.Select(recipient => recipient.Outcome)));
        Assert.InRange(client.Statistics.Connections, 1, options.MaximumConnections);
    }

    /// <summary>Compares what a server stored with what was sent, whatever the order.</summary>
    /// <param name="contents">What was sent.</param>
    /// <param name="stored">What the server has.</param>
    /// <param name="isWhole">Whether the server stores octets as they came; else with LF line ends, and with fields of its own in the header.</param>
    internal static void AssertStored(byte[][] contents, IReadOnlyList<byte[]> stored, bool isWhole)
    {
        Assert.Equal(contents.Length, stored.Count);
        Assert.Equal(Describe(contents, isWhole, isSent: true), Describe(stored, isWhole, isSent: false));
    }

    private static SortedDictionary<int, string> Describe(IReadOnlyList<byte[]> messages, bool isWhole, bool isSent)
    {
        var described = new SortedDictionary<int, string>();
        foreach (byte[] message in messages)
        {
            string text = Encoding.Latin1.GetString(message);
            if (isSent && !isWhole)
            {
                text = text.Replace("\r\n", "\n", StringComparison.Ordinal);
            }

            Match subject = Subject().Match(text);
            int number = subject.Success ? int.Parse(subject.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture) : 0;
            int body = isWhole ? 0 : text.IndexOf("\n\n", StringComparison.Ordinal);
            text = body < 0 ? "" : text[body..].TrimStart('\n');
            described.Add(number, $"{text.Length} {Convert.ToHexString(SHA256.HashData(Encoding.Latin1.GetBytes(text)))}");
        }

        return described;
    }

    [GeneratedRegex(@"^Subject: (\d+)\r?$", RegexOptions.Multiline)]
    private static partial Regex Subject();
}
