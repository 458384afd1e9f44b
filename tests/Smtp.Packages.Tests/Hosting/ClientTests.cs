using System.Globalization;
using System.Reflection;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Smtp.Client;
using Smtp.Hosting;
using Smtp.Testing;

namespace Smtp.Packages.Tests.Hosting;

public sealed class ClientTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Named_clients_have_their_own_settings_and_pools()
    {
        await using SmtpTestServer billing = SmtpTestServer.Start(o => o.Users["anna"] = "secret");
        await using SmtpTestServer news = SmtpTestServer.Start();
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddSmtpClient("billing", Section(new()
        {
            ["Host"] = billing.Host,
            ["Port"] = billing.Port.ToString(CultureInfo.InvariantCulture),
            ["Tls"] = "None",
            ["UserName"] = "anna",
            ["Password"] = "secret",
            ["AllowPlaintextAuthentication"] = "true",
        }));
        builder.Services.AddSmtpClient("news", o => (o.Host, o.Port, o.Tls) = (news.Host, news.Port, SmtpTlsMode.None));
        builder.Services.AddHealthChecks().AddSmtpClient("billing").AddSmtpClient("news");
        using IHost host = builder.Build();
        await host.StartAsync(Token);
        var factory = host.Services.GetRequiredService<ISmtpClientFactory>();
        SmtpClient first = factory.GetClient("billing");
        Assert.Same(first, host.Services.GetRequiredKeyedService<SmtpClient>("billing"));
        for (int i = 0; i < 3; i++)
        {
            Assert.True((await first.SendAsync(new SmtpMessage("you@example.com", ["friend@example.net"], "\r\nHello.\r\n"u8.ToArray()), Token)).IsAccepted);
        }

        // One connection for all three.
        Assert.Single(billing.Messages.Select(m => m.ConnectionId).Distinct());
        Assert.Equal("anna", billing.Messages[0].Identity);
        await factory.GetClient("news").SendAsync(new SmtpMessage("you@example.com", ["friend@example.net"], "\r\nHello.\r\n"u8.ToArray()), Token);
        Assert.Single(news.Messages);
        ArgumentException error = Assert.Throws<ArgumentException>(() => factory.GetClient("none"));
        Assert.Contains("There is no SMTP client \"none\"", error.Message, StringComparison.Ordinal);

        var health = host.Services.GetRequiredService<HealthCheckService>();
        Assert.Equal(HealthStatus.Healthy, (await health.CheckHealthAsync(Token)).Status);
        await news.DisposeAsync();
        HealthReport report = await health.CheckHealthAsync(Token);
        Assert.Equal(HealthStatus.Unhealthy, report.Entries["smtp-client-news"].Status);
        Assert.Equal(HealthStatus.Healthy, report.Entries["smtp-client-billing"].Status);
        await host.StopAsync(Token);
    }

    [Theory]
    [InlineData("Host", null, "Host is missing: the server's host name or IP address.")]
    [InlineData("Port", "0", "Smtp:Port = \"0\": must be from 1 to 65535.")]
    [InlineData("Tls", "Maybe", "Smtp:Tls = \"Maybe\": must be one of StartTlsRequired, StartTlsIfOffered, Implicit, None.")]
    [InlineData("MaximumConnections", "0", "Smtp:MaximumConnections = \"0\": MaximumConnections is at least 1.")]
    [InlineData("Timeouts:Connect", "-5", "Smtp:Timeouts:Connect = \"-5\": A timeout is over 0")]
    [InlineData("UserName", "anna", "UserName and Password must be set both, or neither.")]
    [InlineData("Passwort", "secret", "Smtp:Passwort is no setting. Here are known: AcquireTimeout")]
    public async Task A_wrong_setting_fails_the_start_and_names_key_value_and_what_is_allowed(string key, string? value, string expected)
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddSmtpClient(Section(new() { ["Host"] = "smtp.example.com", [key] = value }));
        using IHost host = builder.Build();
        OptionsValidationException error = await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync(Token));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("\"secret\"", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_option_of_a_client_is_a_setting_of_a_hosted_one_and_every_plain_one_a_key()
    {
        string[] hosted = [.. typeof(SmtpClientHostingOptions).GetProperties().Select(p => p.Name)];
        PropertyInfo[] options = typeof(SmtpClientOptions).GetProperties();
        Assert.Empty(options.Select(p => p.Name).Except(hosted).Except(["LoggerFactory", "TimeProvider"]));

        // A key that nobody reads is an error that lists all that are read.
        ServiceCollection services = new();
        services.AddSmtpClient(Section(new() { ["x"] = "y" }));
        using ServiceProvider provider = services.BuildServiceProvider();
        OptionsValidationException error = Assert.Throws<OptionsValidationException>(
            () => provider.GetRequiredService<IOptionsMonitor<SmtpClientHostingOptions>>().CurrentValue);
        string[] known = error.Message.Split("Here are known: ")[1].Split('.')[0].Split(", ");
        string[] byCodeOnly = ["ConnectCallback", "ClientCertificates", "CertificateValidation", "Credentials"];
        Assert.Equal(hosted.Except(byCodeOnly).Order(StringComparer.Ordinal), known);
    }

    private static IConfigurationSection Section(Dictionary<string, string?> values) => new ConfigurationBuilder()
        .AddInMemoryCollection(values.Select(pair => KeyValuePair.Create("Smtp:" + pair.Key, pair.Value)))
        .Build()
        .GetSection("Smtp");
}
