using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Smtp.Core;

namespace Smtp.Server.Tests;

/// <summary>The README's table of smuggling variants, row by row.</summary>
public sealed partial class SmugglingTests
{
    private const string Opening = "Subject: hello\r\n\r\ntext";
    private const string Smuggled = "MAIL FROM:<evil@example.com>\r\nRCPT TO:<victim@example.net>\r\nDATA\r\nsmuggled";

    public static TheoryData<string, string, BareLineEndingPolicy, string> Rows
    {
        get
        {
            var rows = new TheoryData<string, string, BareLineEndingPolicy, string>();
            IEnumerable<string> table = File.ReadLines(Path.Combine(Repository.Root, "src", "Smtp.Server", "README.md"))
                .SkipWhile(line => !line.StartsWith("| variant |", StringComparison.Ordinal))
                .Skip(2)
                .TakeWhile(line => line.StartsWith('|'));
            foreach (string[] cells in table.Select(line => line.Split('|')))
            {
                string[] codes = [.. cells[2..5].Select(cell => cell.Trim()[1..^1])];
                rows.Add(cells[1].Trim(), codes[0], BareLineEndingPolicy.Reject, codes[1]);
                rows.Add(cells[1].Trim(), codes[0], BareLineEndingPolicy.Normalize, codes[2]);
            }

            return rows;
        }
    }

    [Fact]
    public void The_table_has_the_variants_that_were_published()
    {
        // SEC Consult's and the Login's scanners', and what other servers were seen to take.
        string[] published =
        [
            @"\n.\n", @"\n.\r", @"\r.\n", @"\r.\r", @"\n.\r\n", @"\r.\r\n", @"\r\n.\n", @"\r\n.\r", @"\r\n\0.\r\n", @"\r\n.\0\r\n", @"\r\n.\r\r\n", @"\r\r\n.\r\r\n",
        ];
        Assert.Empty(published.Except(Rows.Select(row => row.Data.Item2)));
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public async Task A_variant_does_what_its_row_says_however_it_is_cut(string variant, string octets, BareLineEndingPolicy policy, string verdict)
    {
        Assert.NotEmpty(variant);
        string sequence = Unescape(octets);
        await using var server = TestServer.Start(bareLineEndings: policy);
        foreach (int[] cuts in Cuts(Opening.Length, sequence.Length))
        {
            int before = server.Sink.Messages.Count;
            await using TestClient client = server.Connect();
            await client.GreetAsync();
            await client.StartDataAsync();
            string all = Opening + sequence + Smuggled + "\r\n.\r\nNOOP\r\n";
            int start = 0;
            foreach (int cut in cuts.Append(all.Length))
            {
                await client.SendAsync(all[start..cut]);
                await client.ServerWaitsAsync();
                start = cut;
            }

            if (verdict == "ends")
            {
                // So this test can tell: here the second transaction runs.
                await client.ExpectAsync("250 2.0.0 Message");
                await client.ExpectAsync("250 2.1.0");
                await client.ExpectAsync("250 2.1.5");
                await client.ExpectAsync("354 ");
                await client.ExpectAsync("250 2.0.0 Message");
                await client.ExpectAsync("250 2.0.0 OK");
                Assert.Equal("evil@example.com", server.Sink.Messages[^1].Sender);
                continue;
            }

            bool isRefused = IsReply().IsMatch(verdict);
            await client.ExpectAsync(isRefused ? verdict : "250 2.0.0 Message");
            await client.ExpectAsync("250 2.0.0 OK");
            await client.SayAsync("QUIT", "221 ");
            RecordedMessage message = Assert.Single(server.Sink.Messages.Skip(before));
            message.AssertEnded(committed: !isRefused);
            Assert.Equal("a@example.com", message.Sender);
            if (!isRefused)
            {
                Assert.Equal(Escape(Opening) + verdict + Escape(Smuggled + "\r\n"), Escape(message.Text));
            }
        }
    }

    /// <summary>In one write, behind the sequence, at each of its octets, and octet by octet.</summary>
    private static IEnumerable<int[]> Cuts(int start, int length)
    {
        yield return [];
        for (int i = 0; i <= length; i++)
        {
            yield return [start + i];
        }

        yield return [.. Enumerable.Range(start, length + 2)];
    }

    private static string Unescape(string text) => Escaped().Replace(text, match => match.Value[1] switch
    {
        'r' => "\r",
        'n' => "\n",
        't' => "\t",
        '0' => "\0",
        _ => ((char)byte.Parse(match.Value.AsSpan(2), NumberStyles.HexNumber, CultureInfo.InvariantCulture)).ToString(),
    });

    private static string Escape(string text)
    {
        var escaped = new StringBuilder();
        foreach (char c in text)
        {
            escaped.Append(c switch
            {
                '\r' => @"\r",
                '\n' => @"\n",
                '\t' => @"\t",
                '\0' => @"\0",
                >= ' ' and < (char)0x7F => c.ToString(),
                _ => $@"\x{(int)c:X2}",
            });
        }

        return escaped.ToString();
    }

    [GeneratedRegex(@"\\(r|n|t|0|x[0-9A-F]{2})")]
    private static partial Regex Escaped();

    [GeneratedRegex(@"^[0-9]{3} ")]
    private static partial Regex IsReply();
}
