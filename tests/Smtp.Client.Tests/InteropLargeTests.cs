using Smtp.Interop;

namespace Smtp.Client.Tests;

/// <summary>Messages of 100 MB that nobody holds whole: the client writes them while it sends them.</summary>
[Trait("Category", "Interop")]
public sealed class InteropLargeTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_hundred_megabytes_arrive_at_Postfix_under_TLS()
    {
        await using PostfixInstance server = await PostfixInstance.StartAsync(Assert.Skip);
        byte[] sent = await LargeMessage.SendAsync(server.Port, "mx.example.test", null, "known@example.test");
        LargeMessage.AssertArrived(sent, (await server.ReadMailboxAsync("known", 1, Token))[0], "\n");
    }

    /// <summary>In chunks, as the client does not know how long it is.</summary>
    [Fact]
    public async Task A_hundred_megabytes_arrive_at_Exim_by_BDAT_under_TLS()
    {
        await using MailboxServer server = await MailboxServer.StartEximAsync(Assert.Skip);
        byte[] sent = await LargeMessage.SendAsync(server.Port, "mx.example.test", new SmtpCredentials("user", "secret"), "known@example.test", chunks: true);
        LargeMessage.AssertArrived(sent, (await server.ReadMailboxAsync(1, Token))[0], "\n");
    }

    [Fact]
    public async Task A_hundred_megabytes_arrive_at_nodemailers_smtp_server()
    {
        await using NodeSmtpServer server = await NodeSmtpServer.StartAsync(InteropMoreTests.NodeScripts, withTls: true, Assert.Skip);
        byte[] sent = await LargeMessage.SendAsync(server.Port, "node.test", new SmtpCredentials("user", "secret"), "b@d.test");
        LargeMessage.AssertArrived(sent, server.Content(1), "\r\n");
    }

    [Fact]
    public async Task A_hundred_megabytes_arrive_at_Dovecot_by_LMTP()
    {
        await using DovecotInstance server = await DovecotInstance.StartAsync(Assert.Skip);
        byte[] sent = await LargeMessage.SendAsync(server.Port, null, null, "known@example.test", lmtp: true);
        LargeMessage.AssertArrived(sent, server.ReadMailbox("known")[0], "\n");
    }

    [Fact]
    public async Task A_hundred_megabytes_arrive_at_aiosmtpd()
    {
        await using Aiosmtpd server = await Aiosmtpd.StartAsync(withTls: false, Assert.Skip);
        byte[] sent = await LargeMessage.SendAsync(server.Port, null, null, "b@d.test");
        LargeMessage.AssertArrived(sent, server.Content(1), "\r\n");
    }
}
