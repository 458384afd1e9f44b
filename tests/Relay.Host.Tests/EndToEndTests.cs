using System.Text;
using System.Text.Json;

namespace Relay.Host.Tests;

public sealed class EndToEndTests
{
    private const string Header = "From: <a@example.com>\r\nSubject: Test\r\n\r\n";

    public static TheoryData<string, byte[]> Bodies => new()
    {
        { "leading dots", Text(Header + ".\r\n..\r\n...\r\n.x\r\n. \r\nx.\r\n") },
        { "8-bit text", [.. Text(Header), .. Enumerable.Range(1, 255).Select(i => (byte)i).Where(b => b is not (byte)'\r' and not (byte)'\n'), .. "\r\n"u8] },
        { "50,000 lines", Text(Header + string.Concat(Enumerable.Range(0, 50_000).Select(i => i % 7 == 0 ? $".line {i}\r\n" : $"line {i}\r\n"))) },
        { "empty body", Text(Header) },
        { "empty message", [] },
        { "5 MB attachment", Text(Header + string.Concat(Enumerable.Repeat("/ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+ABCDEFGHIJKL\r\n", 65_600))) },
    };

    [Theory]
    [MemberData(nameof(Bodies), DisableDiscoveryEnumeration = true)]
    public async Task What_is_captured_is_what_was_sent_below_the_added_field(string name, byte[] content)
    {
        Assert.NotEmpty(name);
        await using var relay = RunningRelay.Start();
        await using Submitter submitter = await Submitter.GreetAsync(relay.EndPoint);

        Assert.StartsWith("250 2.0.0 ", await submitter.SendAsync(content, "b@example.net"), StringComparison.Ordinal);

        (byte[] captured, JsonElement envelope) = await relay.CapturedAsync();
        Assert.Equal(content, Below(captured));
        Assert.Equal(captured.Length, envelope.GetProperty("octets").GetInt64());
    }

    [Fact]
    public async Task Content_without_a_final_line_break_gets_the_one_that_DATA_cannot_do_without()
    {
        await using var relay = RunningRelay.Start();
        await using Submitter submitter = await Submitter.GreetAsync(relay.EndPoint);

        Assert.StartsWith("250", await submitter.SendAsync(Text(Header + "the end"), "b@example.net"), StringComparison.Ordinal);

        Assert.Equal(Text(Header + "the end\r\n"), Below((await relay.CapturedAsync()).Content));
    }

    [Fact]
    public async Task The_envelope_lies_beside_the_message_and_both_are_for_their_owner_only()
    {
        await using var relay = RunningRelay.Start();
        await using Submitter submitter = await Submitter.GreetAsync(relay.EndPoint);

        await submitter.SendAsync(Text(Header), "b@example.net", "c@example.net");

        JsonElement envelope = (await relay.CapturedAsync()).Envelope;
        Assert.Equal("a@example.com", envelope.GetProperty("reversePath").GetString());
        Assert.Equal(["b@example.net", "c@example.net"], envelope.GetProperty("forwardPaths").EnumerateArray().Select(p => p.GetString()));
        Assert.Equal("7BIT", envelope.GetProperty("parameters").GetProperty("body").GetString());
        Assert.Equal("relay.example.com", envelope.GetProperty("session").GetProperty("helloName").GetString());
        Assert.Equal(2, relay.CapturedFiles.Length);
        Assert.All(relay.CapturedFiles, file => Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file)));
    }

    [Fact]
    public async Task Null_reverse_path_and_utf8_paths_go_through()
    {
        await using var relay = RunningRelay.Start();
        await using Submitter submitter = await Submitter.GreetAsync(relay.EndPoint);

        await submitter.DemandAsync("MAIL FROM:<> SMTPUTF8", 250);
        await submitter.DemandAsync("RCPT TO:<jürgen@example.net>", 250);
        await submitter.DemandAsync("DATA", 354);
        await submitter.DemandAsync("Subject: x\r\n\r\n.", 250);

        (byte[] content, JsonElement envelope) = await relay.CapturedAsync();
        Assert.Equal(string.Empty, envelope.GetProperty("reversePath").GetString());
        Assert.Equal("jürgen@example.net", envelope.GetProperty("forwardPaths")[0].GetString());
        Assert.Contains("with UTF8SMTP\r\n", Encoding.UTF8.GetString(content), StringComparison.Ordinal);
        Assert.Contains("for <jürgen@example.net>;", Encoding.UTF8.GetString(content), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_received_field_tells_of_tls_and_of_one_recipient_only()
    {
        await using var relay = RunningRelay.Start();
        await using Submitter submitter = await Submitter.GreetAsync(relay.EndPoint);
        await submitter.StartTlsAsync(relay.Servers.DevelopmentCertificate!.CertificatePath);

        await submitter.SendAsync(Text(Header), "b@example.net", "blind@example.net");

        string content = Encoding.UTF8.GetString((await relay.CapturedAsync()).Content);
        Assert.Contains("Received: from client.example.com ([127.0.0.1])\r\n\tby relay.example.com with ESMTPS\r\n\tid ", content, StringComparison.Ordinal);
        Assert.Contains("\r\n\ttls TLS_", content, StringComparison.Ordinal);
        Assert.DoesNotContain("blind@example.net", content, StringComparison.Ordinal);
        Assert.DoesNotContain("\tfor ", content, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Several_messages_go_through_one_session_and_an_aborted_one_leaves_nothing()
    {
        await using var relay = RunningRelay.Start();
        await using (Submitter submitter = await Submitter.GreetAsync(relay.EndPoint))
        {
            await submitter.SendAsync(Text(Header + "1\r\n"), "b@example.net");
            await submitter.SendAsync(Text(Header + "2\r\n"), "b@example.net");
            Assert.StartsWith("354", await submitter.OfferAsync("b@example.net"), StringComparison.Ordinal);
            await submitter.Stream.WriteAsync(Text(Header + "half of it"), TestContext.Current.CancellationToken);
        }

        // Stopping waits for all sessions, so for the abort of the third message.
        await relay.DrainAsync();
        await relay.Servers.StopAsync(TestContext.Current.CancellationToken);
        Assert.Equal(2, relay.CapturedFiles.Count(file => file.EndsWith(".eml", StringComparison.Ordinal)));
        Assert.Equal(4, relay.CapturedFiles.Length);
    }

    [Fact]
    public async Task A_lone_line_feed_is_refused_by_data_and_by_bdat_and_nothing_is_captured()
    {
        await using var relay = RunningRelay.Start();
        await using Submitter submitter = await Submitter.GreetAsync(relay.EndPoint);

        Assert.StartsWith("354", await submitter.OfferAsync("b@example.net"), StringComparison.Ordinal);
        await submitter.DemandAsync("Subject: x\r\n\r\none\n.\ntwo\r\n.", 550);

        await submitter.DemandAsync("MAIL FROM:<a@example.com>", 250);
        await submitter.DemandAsync("RCPT TO:<b@example.net>", 250);
        Assert.StartsWith("550 5.6.0 ", await submitter.SayAsync("BDAT 14 LAST\r\nSubject: x\n.\n"), StringComparison.Ordinal);

        await relay.Servers.StopAsync(TestContext.Current.CancellationToken);
        Assert.Empty(relay.CapturedFiles);
    }

    private static byte[] Text(string text) => Encoding.Latin1.GetBytes(text);

    /// <summary>What is below the fields that the relay puts in front: Received, and Date and Message-ID where a submission lacks them (RFC 6409 §8).</summary>
    private static byte[] Below(byte[] content)
    {
        string text = Encoding.Latin1.GetString(content);
        Assert.Contains("Received: ", text, StringComparison.Ordinal);
        int start = 0;
        while (Array.Exists(["Received: ", "Date: ", "Message-ID: "], name => text.AsSpan(start).StartsWith(name, StringComparison.Ordinal)))
        {
            do
            {
                start = text.IndexOf("\r\n", start, StringComparison.Ordinal) + 2;
            }
            while (start < text.Length && text[start] is ' ' or '\t');
        }

        return content[start..];
    }
}
