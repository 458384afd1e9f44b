using Smtp.Testing;

namespace CaptureInTests;

public sealed class WelcomeMailerTests(MailFixture mail)
{
    private readonly WelcomeMailer _mailer = new(mail.Client);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_new_user_is_welcomed()
    {
        Assert.True(await _mailer.WelcomeAsync("Anna", "anna@example.net", Token));
        ReceivedMessage message = await mail.Server.WaitForMessageAsync(m => m.To.Contains("anna@example.net"), cancellationToken: Token);
        Assert.Equal("Welcome, Anna", message.Subject);
        Assert.Contains("Good to have you here.", message.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_address_that_nobody_reads_is_an_error()
    {
        mail.Server.On(SmtpTestStep.Recipient).When(c => c.To[^1] == "nobody@example.net").Refuse(550, "5.1.1 No such user");
        InvalidOperationException error = await Assert.ThrowsAsync<InvalidOperationException>(
            () => _mailer.WelcomeAsync("Nobody", "nobody@example.net", Token));
        Assert.Contains("550 5.1.1 No such user", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_breaks_off_means_later()
    {
        mail.Server.On(SmtpTestStep.Commit).When(c => c.To.Contains("bert@example.net")).Once().Drop();
        Assert.False(await _mailer.WelcomeAsync("Bert", "bert@example.net", Token));
        Assert.True(await _mailer.WelcomeAsync("Bert", "bert@example.net", Token));
        await mail.Server.WaitForMessageAsync(m => m.To.Contains("bert@example.net"), cancellationToken: Token);
    }
}
