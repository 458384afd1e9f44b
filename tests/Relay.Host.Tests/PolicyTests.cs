using System.IO.Pipelines;
using System.Net;
using System.Text;
using Relay.Policy;
using Smtp.Core;

namespace Relay.Host.Tests;

public sealed class PolicyTests
{
    [Theory]
    [InlineData(false, "127.0.0.1", null, 0)]
    [InlineData(false, "127.9.9.9", null, 0)]
    [InlineData(false, "::1", null, 0)]
    [InlineData(false, "::ffff:127.0.0.1", null, 0)]
    [InlineData(false, "::ffff:127.0.0.2", null, 0)]
    [InlineData(false, "192.0.2.1", null, 550)]
    [InlineData(false, "10.0.0.1", null, 550)]
    [InlineData(false, "::ffff:192.0.2.1", null, 550)]
    [InlineData(false, "2001:db8::1", null, 550)]
    [InlineData(false, null, null, 550)]
    [InlineData(true, "127.0.0.1", null, 530)]
    [InlineData(true, "192.0.2.1", null, 530)]
    [InlineData(true, "192.0.2.1", "alice", 0)]
    [InlineData(true, "127.0.0.1", "alice", 0)]
    public void Who_may_relay(bool hasUsers, string? address, string? identity, int code)
    {
        EndPoint? remote = address is null ? null : new IPEndPoint(IPAddress.Parse(address), 40000);

        Assert.Equal(code, new RelayPolicy(hasUsers).Check(remote, identity).Code);
    }

    [Fact]
    public async Task A_client_that_is_not_on_this_machine_is_refused_at_RCPT()
    {
        await using var relay = RunningRelay.Start();
        var up = new Pipe();
        var down = new Pipe();
        Task session = relay.Servers.Relay.RunAsync(new DuplexPipe(up.Reader, down.Writer), null, IPEndPoint.Parse("192.0.2.1:40000"));

        await up.Writer.WriteAsync(
            Encoding.ASCII.GetBytes("EHLO x\r\nMAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.net>\r\nDATA\r\nQUIT\r\n"), TestContext.Current.CancellationToken);
        await session;
        await up.Writer.CompleteAsync();
        string dialogue = Encoding.ASCII.GetString((await down.Reader.ReadAtLeastAsync(int.MaxValue / 2, TestContext.Current.CancellationToken)).Buffer.FirstSpan);

        Assert.EndsWith("250 2.1.0 Sender OK\r\n550 5.7.1 Relaying denied\r\n554 5.5.1 No valid recipients\r\n221 2.0.0 Bye\r\n", dialogue, StringComparison.Ordinal);
        Assert.Empty(relay.CapturedFiles);
    }

    [Theory]
    [InlineData("alice", "secret", "alice")]
    [InlineData("ALICE", "secret", "alice")]
    [InlineData("alice", "Secret", null)]
    [InlineData("alice", "secret ", null)]
    [InlineData("alice", "", null)]
    [InlineData("bob", "pa:ss wörd", "bob")]
    [InlineData("bob", "secret", null)]
    [InlineData("mallory", "secret", null)]
    [InlineData("", "", null)]
    public void Passwords_are_checked(string name, string password, string? identity)
    {
        var users = new ConfiguredUsers([new("alice", "secret"), new("bob", "pa:ss wörd")]);

        Assert.Equal(identity, users.Check(name, password));
    }

    [Fact]
    public void Credentials_never_print_a_password() =>
        Assert.DoesNotContain("secret", SaslCredentials.ForPassword("PLAIN", string.Empty, "alice", "secret").ToString(), StringComparison.Ordinal);

    [Fact]
    public async Task Users_authenticate_under_TLS_and_nobody_relays_without()
    {
        await using var relay = RunningRelay.Start("--Relay:Users:alice=secret");
        await using Submitter submitter = await Submitter.ConnectAsync(relay.EndPoint);
        Assert.DoesNotContain("AUTH", await submitter.SayAsync("EHLO client.example.com"), StringComparison.Ordinal);
        await submitter.DemandAsync("MAIL FROM:<a@example.com>", 530);
        await submitter.DemandAsync("AUTH PLAIN " + Plain("alice", "secret"), 538);

        await submitter.StartTlsAsync(relay.Servers.DevelopmentCertificate!.CertificatePath);
        await submitter.DemandAsync("MAIL FROM:<a@example.com>", 530);
        await submitter.DemandAsync("AUTH PLAIN " + Plain("alice", "wrong"), 535);
        await submitter.DemandAsync("AUTH PLAIN " + Plain("nobody", "secret"), 535);
        await submitter.DemandAsync("AUTH LOGIN", 334);
        await submitter.DemandAsync(Base64("alice"), 334);
        await submitter.DemandAsync(Base64("secret"), 235);

        Assert.StartsWith("250", await submitter.SendAsync("Subject: x\r\n\r\nx\r\n"u8.ToArray(), "b@example.net"), StringComparison.Ordinal);
        Assert.Contains("with ESMTPSA\r\n", Encoding.ASCII.GetString((await relay.CapturedAsync()).Content), StringComparison.Ordinal);
    }

    private static string Plain(string user, string password) => Base64($"\0{user}\0{password}");

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    private sealed class DuplexPipe(PipeReader input, PipeWriter output) : IDuplexPipe
    {
        public PipeReader Input => input;

        public PipeWriter Output => output;
    }
}
