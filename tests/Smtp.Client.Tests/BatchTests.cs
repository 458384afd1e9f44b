using System.Text;

namespace Smtp.Client.Tests;

/// <summary>Messages one behind the other over one connection.</summary>
public sealed class BatchTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_next_envelope_goes_out_behind_the_body()
    {
        await using TestConnection connection = await TestConnection.ConnectAsync("PIPELINING");
        (SmtpMessage[] messages, SendResult[] results) = Messages(3);
        Task sending = connection.Client.SendAllAsync(messages, results, Token).AsTask();
        await connection.Peer.RunAsync("""
            C: MAIL FROM:<a@c.test>
            C: RCPT TO:<r0@d.test>
            C: DATA
            S: 250 OK
            S: 250 OK
            S: 354 go
            <body>
            C: MAIL FROM:<a@c.test>
            C: RCPT TO:<r1@d.test>
            C: DATA
            S: 250 first
            S: 250 OK
            S: 550 5.1.1 nobody
            S: 503 no recipients
            C: RSET
            C: MAIL FROM:<a@c.test>
            C: RCPT TO:<r2@d.test>
            C: DATA
            S: 250 OK
            S: 250 OK
            S: 250 OK
            S: 354 go
            <body>
            S: 250 third
            """);
        await sending;
        Assert.Equal("<r0@d.test> Accepted at FinalReply: 250 first", results[0].Recipients[0].ToString());
        Assert.Equal("<r1@d.test> PermanentFailure at Recipient: 550 5.1.1 nobody", results[1].Recipients[0].ToString());
        Assert.Equal("<r2@d.test> Accepted at FinalReply: 250 third", results[2].Recipients[0].ToString());
        Assert.True(connection.Client.IsUsable);
        Assert.Equal(["0\r\n", "2\r\n"], connection.Peer.Bodies.Select(Encoding.UTF8.GetString));
    }

    [Fact]
    public async Task A_null_is_told_before_anything_is_sent()
    {
        await using TestConnection connection = await TestConnection.ConnectAsync("PIPELINING");
        (SmtpMessage[] messages, SendResult[] results) = Messages(2);
        ArgumentException error = await Assert.ThrowsAsync<ArgumentException>(async () => await connection.Client.SendAllAsync([messages[0], null!], results, Token));
        Assert.Equal("messages", error.ParamName);
        error = await Assert.ThrowsAsync<ArgumentException>(async () => await connection.Client.SendAllAsync(messages, [null!, results[1]], Token));
        Assert.Equal("results", error.ParamName);
        Assert.True(connection.Client.IsUsable);
    }

    [Fact]
    public async Task Without_PIPELINING_each_waits_for_the_one_before()
    {
        await using TestConnection connection = await TestConnection.ConnectAsync("HELP");
        (SmtpMessage[] messages, SendResult[] results) = Messages(2);
        Task sending = connection.Client.SendAllAsync(messages, results, Token).AsTask();
        for (int i = 0; i < 2; i++)
        {
            await connection.Peer.RunAsync(
                $"C: MAIL FROM:<a@c.test>\nS: 250 OK\nC: RCPT TO:<r{i}@d.test>\nS: 250 OK\nC: DATA\nS: 354 go\n<body>\nS: 250 done");
        }

        await sending;
        Assert.All(results, result => Assert.True(result.IsAccepted));
    }

    [Theory]
    [InlineData("<close>", DeliveryOutcome.Uncertain, DeliveryOutcome.TransientFailure)]
    [InlineData("S: 250 first\n<close>", DeliveryOutcome.Accepted, DeliveryOutcome.TransientFailure)]
    [InlineData("S: 250 first\nS: 250 OK\nS: 250 OK\nS: 354 go\n<body>\n<close>", DeliveryOutcome.Accepted, DeliveryOutcome.Uncertain)]
    public async Task A_lost_connection_tells_of_each(string script, DeliveryOutcome first, DeliveryOutcome second)
    {
        await using TestConnection connection = await TestConnection.ConnectAsync("PIPELINING");
        (SmtpMessage[] messages, SendResult[] results) = Messages(4);
        Task sending = connection.Client.SendAllAsync(messages, results, Token).AsTask();
        await connection.Peer.RunAsync(
            "C: MAIL FROM:<a@c.test>\nC: RCPT TO:<r0@d.test>\nC: DATA\nS: 250 OK\nS: 250 OK\nS: 354 go\n<body>\n" + script);
        await Assert.ThrowsAsync<SmtpTransportException>(() => sending);
        Assert.Equal(first, results[0].Recipients[0].Outcome);
        Assert.Equal(second, results[1].Recipients[0].Outcome);
        Assert.Empty(results[3].Recipients);
        Assert.False(connection.Client.IsUsable);
    }

    [Fact]
    public async Task A_421_is_in_the_results_of_all_that_were_under_way()
    {
        await using TestConnection connection = await TestConnection.ConnectAsync("PIPELINING");
        (SmtpMessage[] messages, SendResult[] results) = Messages(3);
        Task sending = connection.Client.SendAllAsync(messages, results, Token).AsTask();
        await connection.Peer.RunAsync(
            "C: MAIL FROM:<a@c.test>\nC: RCPT TO:<r0@d.test>\nC: DATA\nS: 250 OK\nS: 250 OK\nS: 354 go\n<body>\nS: 250 first\nS: 421 4.3.2 bye");
        await sending;
        Assert.True(results[0].IsAccepted);
        Assert.Equal("<r1@d.test> TransientFailure at Mail: 421 4.3.2 bye", results[1].Recipients[0].ToString());
        Assert.Empty(results[2].Recipients);
        Assert.False(connection.Client.IsUsable);
    }

    [Fact]
    public async Task A_wrong_envelope_stops_the_list_and_not_the_connection()
    {
        await using TestConnection connection = await TestConnection.ConnectAsync("PIPELINING");
        (SmtpMessage[] messages, SendResult[] results) = Messages(3);
        messages[1].Envelope.Recipients.Clear();
        Task sending = connection.Client.SendAllAsync(messages, results, Token).AsTask();
        await connection.Peer.RunAsync(
            "C: MAIL FROM:<a@c.test>\nC: RCPT TO:<r0@d.test>\nC: DATA\nS: 250 OK\nS: 250 OK\nS: 354 go\n<body>\nS: 250 first");
        await Assert.ThrowsAsync<ArgumentException>(() => sending);
        Assert.True(results[0].IsAccepted);
        Assert.Empty(results[1].Recipients);
        Assert.Empty(results[2].Recipients);
        Assert.True(connection.Client.IsUsable);
    }

    [Fact]
    public async Task MAILMAX_ends_a_list_with_its_reason()
    {
        await using TestConnection connection = await TestConnection.ConnectAsync("PIPELINING", "LIMITS MAILMAX=1");
        (SmtpMessage[] messages, SendResult[] results) = Messages(2);
        Task sending = connection.Client.SendAllAsync(messages, results, Token).AsTask();
        await connection.Peer.RunAsync(
            "C: MAIL FROM:<a@c.test>\nC: RCPT TO:<r0@d.test>\nC: DATA\nS: 250 OK\nS: 250 OK\nS: 354 go\n<body>\nS: 250 first");
        await sending;
        Assert.True(results[0].IsAccepted);
        Assert.Equal(SendRefusal.TooManyMessages, results[1].Recipients[0].Refusal);
        Assert.False(connection.Client.IsUsable);
    }

    [Fact]
    public async Task LMTP_has_a_result_for_each_recipient()
    {
        var options = new SmtpConnectionOptions { Host = "mx.test", LocalName = "client.test", Tls = SmtpTlsMode.None, Lmtp = true };
        (DuplexStream near, DuplexStream far) = DuplexStream.CreatePair();
        var peer = new ScriptedPeer(far);
        Task script = peer.RunAsync("""
            S: 220 mx
            C: LHLO client.test
            S: 250-mx
            S: 250 PIPELINING
            C: MAIL FROM:<a@c.test>
            C: RCPT TO:<b@d.test>
            C: RCPT TO:<e@d.test>
            C: DATA
            S: 250 OK
            S: 250 OK
            S: 250 OK
            S: 354 go
            <body>
            S: 250 2.1.5 delivered
            S: 452 4.2.2 over quota
            """);
        await using SmtpConnection connection = await SmtpConnection.ConnectAsync(near, options, Token);
        SendResult result = await connection.SendAsync(TestConnection.Message("x\r\n"u8.ToArray(), "b@d.test", "e@d.test"), Token);
        await script;
        Assert.Equal(DeliveryOutcome.Accepted, result.Recipients[0].Outcome);
        Assert.Equal("<e@d.test> TransientFailure at FinalReply: 452 4.2.2 over quota", result.Recipients[1].ToString());
        Assert.True(connection.IsUsable);
        connection.Abort();
    }

    private static (SmtpMessage[] Messages, SendResult[] Results) Messages(int count) => (
        [.. Enumerable.Range(0, count).Select(i => TestConnection.Message(Encoding.UTF8.GetBytes($"{i}\r\n"), $"r{i}@d.test"))],
        [.. Enumerable.Range(0, count).Select(_ => new SendResult())]);
}
