using Smtp.Interop;

namespace Smtp.Client.Tests;

/// <summary>
/// The pool and real servers: 64 messages at once, from 0 octets to 1 MB, over up to 6 connections of which each takes 10. Each message arrives once, as it was
/// sent, and each result is the message's own.
/// </summary>
[Trait("Category", "Interop")]
public sealed class InteropPoolTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("SCRAM-SHA-256")]
    [InlineData(null)]
    public async Task Postfix(string? mechanism)
    {
        await using DovecotInstance? dovecot = mechanism is null ? null : await DovecotInstance.StartAsync(Assert.Skip);
        await using PostfixInstance server = await PostfixInstance.StartAsync(
            Assert.Skip,
            relayTo: null,
            dovecot is null
                ? []
                :
                [
                    "smtpd_sasl_auth_enable = yes",
                    "smtpd_sasl_type = dovecot",
                    $"smtpd_sasl_path = {dovecot.AuthenticationSocket}",
                    "smtpd_tls_auth_only = yes",
                    "smtpd_recipient_restrictions = permit_sasl_authenticated, reject",
                ]);
        await SendAsync(server.Port, "mx.example.test", mechanism, "known@example.test", "unknown@example.test", contents =>
            server.ReadMailboxAsync("known", contents.Length, Token), isWhole: false);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Exim(bool useChunking)
    {
        await using MailboxServer server = await MailboxServer.StartEximAsync(Assert.Skip);
        await SendAsync(server.Port, "mx.example.test", "PLAIN", "known@example.test", "unknown@example.test", contents =>
            server.ReadMailboxAsync(contents.Length, Token), isWhole: false, useChunking);
    }

    [Theory]
    [InlineData("aiosmtpd.test", "LOGIN")]
    [InlineData(null, "PLAIN")]
    public async Task Aiosmtpd_of_Python(string? tlsName, string mechanism)
    {
        await using Aiosmtpd server = await Aiosmtpd.StartAsync(tlsName is not null, Assert.Skip);
        await SendAsync(server.Port, tlsName, mechanism, "b@d.test", "refused@d.test", contents =>
            Task.FromResult<IReadOnlyList<byte[]>>([.. Enumerable.Range(1, contents.Length).Select(server.Content)]), isWhole: true);
    }

    [Theory]
    [InlineData("node.test", "PLAIN")]
    [InlineData(null, "PLAIN")]
    public async Task Smtp_server_of_nodemailer(string? tlsName, string mechanism)
    {
        await using NodeSmtpServer server = await NodeSmtpServer.StartAsync(InteropMoreTests.NodeScripts, tlsName is not null, Assert.Skip);
        await SendAsync(server.Port, tlsName, mechanism, "b@d.test", "refused@d.test", contents =>
            Task.FromResult<IReadOnlyList<byte[]>>([.. Enumerable.Range(1, contents.Length).Select(server.Content)]), isWhole: true);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Dovecot_by_LMTP(bool useChunking)
    {
        await using DovecotInstance server = await DovecotInstance.StartAsync(Assert.Skip);
        await SendAsync(server.Port, "mx.example.test", null, "known@example.test", "unknown@example.test", _ =>
            Task.FromResult(server.ReadMailbox("known")), isWhole: false, useChunking, lmtp: true);
    }

    private static async Task SendAsync(
        int port,
        string? tlsName,
        string? mechanism,
        string known,
        string refused,
        Func<byte[][], Task<IReadOnlyList<byte[]>>> read,
        bool isWhole,
        bool useChunking = true,
        bool lmtp = false)
    {
        byte[][] contents = Bulk.Contents();
        await Bulk.SendAsync(
            new SmtpClientOptions
            {
                Host = "127.0.0.1",
                Port = port,
                Lmtp = lmtp,
                LocalName = "client.test",
                UseChunking = useChunking,
                MaximumConnections = 6,
                MaximumMessagesPerConnection = 10,
                Tls = tlsName is null ? SmtpTlsMode.None : SmtpTlsMode.StartTlsRequired,
                CertificateValidation = (_, certificate, _, _) => certificate?.Subject == $"CN={tlsName}",
                Credentials = mechanism is null ? null : new SmtpCredentials("user", "secret"),
                AuthenticationMechanisms = mechanism is null ? null : [mechanism],
                AllowPlaintextAuthentication = tlsName is null,
            },
            contents,
            known,
            refused,
            Token);
        Bulk.AssertStored(contents, await read(contents), isWhole);
    }
}
