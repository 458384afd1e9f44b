using Smtp.Interop;

namespace Smtp.Client.Tests;

/// <summary>
/// OpenSMTPD, in lockstep, as it has no PIPELINING. One test at a time, as the path of its control socket is fixed; and without TLS and so without AUTH:
/// <see cref="MailboxServer.StartOpenSmtpdAsync"/> says why.
/// </summary>
[Trait("Category", "Interop")]
public sealed class InteropOpenSmtpdTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task OpenSMTPD_delivers_what_was_sent()
    {
        await using MailboxServer server = await MailboxServer.StartOpenSmtpdAsync(Assert.Skip);
        await using SmtpConnection connection = await SmtpConnection.ConnectAsync(
            new SmtpConnectionOptions { Host = "127.0.0.1", Port = server.Port, Tls = SmtpTlsMode.None, LocalName = "client.test" }, Token);
        Assert.False(connection.Peer.Offers(SmtpExtensions.Pipelining));
        await InteropMoreTests.SendAndReadAsync(connection, server);
        await connection.QuitAsync(Token);
    }

    [Fact]
    public async Task OpenSMTPD_delivers_what_the_pool_sends()
    {
        await using MailboxServer server = await MailboxServer.StartOpenSmtpdAsync(Assert.Skip);
        byte[][] contents = Bulk.Contents();
        await Bulk.SendAsync(
            new SmtpClientOptions
            {
                Host = "127.0.0.1",
                Port = server.Port,
                Tls = SmtpTlsMode.None,
                LocalName = "client.test",
                MaximumConnections = 6,
                MaximumMessagesPerConnection = 10,
            },
            contents,
            "known@example.test",
            "unknown@example.test",
            Token);
        Bulk.AssertStored(contents, await server.ReadMailboxAsync(contents.Length, Token), isWhole: false);
    }

    [Fact]
    public async Task A_hundred_megabytes_arrive_at_OpenSMTPD()
    {
        await using MailboxServer server = await MailboxServer.StartOpenSmtpdAsync(Assert.Skip);
        byte[] sent = await LargeMessage.SendAsync(server.Port, null, null, "known@example.test");
        LargeMessage.AssertArrived(sent, (await server.ReadMailboxAsync(1, Token))[0], "\n");
    }
}
