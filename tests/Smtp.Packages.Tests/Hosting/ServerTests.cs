using System.Net;
using System.Reflection;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Smtp.Client;
using Smtp.Core;
using Smtp.Hosting;
using Smtp.Server;

namespace Smtp.Packages.Tests.Hosting;

public sealed class ServerTests
{
    private static readonly string[] DependencyProperties =
        ["MessageSink", "Policy", "Authenticator", "Certificates", "SessionEvents", "LoggerFactory", "TimeProvider"];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_server_by_code_receives()
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddSingleton<KeepingSink>();
        builder.Services.AddSmtpServer(o => o.Listen(new IPEndPoint(IPAddress.Loopback, 0))).UseSink<KeepingSink>();
        using IHost host = builder.Build();
        await host.StartAsync(Token);
        SendResult result = await Letter.SendAsync(host.Services.GetRequiredService<SmtpServer>().EndPoints[0]);
        Assert.True(result.IsAccepted);
        Assert.Equal(Letter.Text, Assert.Single(host.Services.GetRequiredService<KeepingSink>().Messages));
        await host.StopAsync(Token);
    }

    [Fact]
    public async Task Every_key_of_the_configuration_is_read()
    {
        using var folder = new Interop.TemporaryFolder();
        using System.Security.Cryptography.X509Certificates.X509Certificate2 certificate = Interop.TestCertificate.Create("mail.example.com");
        Interop.TestCertificate.WritePem(certificate, folder["cert.pem"], folder["key.pem"]);
        var values = new Dictionary<string, string?>
        {
            ["HostName"] = "mail.example.com",
            ["GreetingText"] = "hello",
            ["Listeners:0:EndPoint"] = "127.0.0.1:0",
            ["Listeners:0:Role"] = "Submission",
            ["Listeners:0:Tls"] = "StartTls",
            ["Listeners:0:RequireTls"] = "true",
            ["Listeners:0:RequireAuthentication"] = "true",
            ["Listeners:0:AllowPlaintextAuthentication"] = "true",
            ["Listeners:0:ClientCertificates"] = "Request",
            ["Listeners:0:Lmtp"] = "true",
            ["Listeners:0:ProxiesTrusted:0"] = "192.0.2.0/24",
            ["Listeners:0:ProxiesTrusted:1"] = "192.0.2.1",
            ["Listeners:0:GreetingDelay"] = "00:00:05",
            ["Listeners:0:RejectImproperPipelining"] = "true",
            ["Listeners:0:Backlog"] = "17",
            ["CertificatePath"] = folder["cert.pem"],
            ["CertificateKeyPath"] = folder["key.pem"],
            ["Users:0:Name"] = "anna",
            ["Users:0:Password"] = "secret",
            ["AuthenticationMechanisms:0"] = "PLAIN",
            ["Extensions"] = "Pipelining, StartTls, Auth",
            ["Leniency"] = "AllowLeadingSpace",
            ["BareLineEndings"] = "Normalize",
            ["NulOctets"] = "Accept",
            ["LongLines"] = "Reject",
            ["MaximumConnections"] = "77",
            ["MaximumConnectionsPerAddress"] = "7",
            ["ErrorsBeforeDelay"] = "8",
            ["MaximumDelayedConnections"] = "7",
        };
        foreach (PropertyInfo limit in typeof(SmtpLimits).GetProperties())
        {
            values["Limits:" + limit.Name] = limit.Name == nameof(SmtpLimits.MaximumMessages) ? "70000" : "65537";
        }

        foreach (PropertyInfo limit in typeof(SmtpAuthenticationLimits).GetProperties())
        {
            values["AuthenticationLimits:" + limit.Name] = limit.PropertyType == typeof(int) ? "1017" : "00:00:17";
        }

        foreach (PropertyInfo timeout in typeof(SmtpServerTimeouts).GetProperties())
        {
            values["Timeouts:" + timeout.Name] = timeout.PropertyType == typeof(int) ? "17" : "00:00:17";
        }

        ServiceCollection services = new();
        services.AddSmtpServer(Section(values)).UseSink(new KeepingSink());
        await using ServiceProvider provider = services.BuildServiceProvider();
        SmtpServerOptions options = provider.GetRequiredService<SmtpServer>().Options;
        AssertAllDiffer(options, new SmtpServerOptions { MessageSink = options.MessageSink }, [.. DependencyProperties, "Listeners", "Limits", "AuthenticationLimits", "Timeouts"]);
        AssertAllDiffer(options.Limits, new SmtpLimits());
        AssertAllDiffer(options.AuthenticationLimits, new SmtpAuthenticationLimits());
        AssertAllDiffer(options.Timeouts, new SmtpServerTimeouts());
        AssertAllDiffer(Assert.Single(options.Listeners), new SmtpListenerOptions { EndPoint = new IPEndPoint(1, 1) });
        Assert.NotNull(options.Certificates);
        Assert.IsType<PasswordListAuthenticator>(options.Authenticator);
    }

    [Theory]
    [InlineData("Limits:MaximumRecipients", "5", "Smtp:Limits:MaximumRecipients = \"5\": MaximumRecipients must be from 100 to 2147483647.")]
    [InlineData("Limits:MaximumRecipients", "many", "Smtp:Limits:MaximumRecipients = \"many\": must be a whole number.")]
    [InlineData("Limits:MaximumRecipient", "500", "Smtp:Limits:MaximumRecipient is no setting. Here are known: MaximumAuthenticationFailures")]
    [InlineData("AuthenticationLimits:Period", "00:00:00", "Smtp:AuthenticationLimits:Period = \"00:00:00\": Period must be from 1 second to 1 day.")]
    [InlineData("Timeouts:Command", "soon", "Smtp:Timeouts:Command = \"soon\": must be a time such as 00:00:30.")]
    [InlineData("Timeouts:Command", "-1", "Smtp:Timeouts:Command = \"-1\": Command must be more than 0 and at most 1 day.")]
    [InlineData("Listeners:0:EndPoint", "127.0.0.1", "Smtp:Listeners:0:EndPoint = \"127.0.0.1\": must be a port such as 2525")]
    [InlineData("Listeners:0:EndPoint", null, "Smtp:Listeners:0:EndPoint is missing")]
    [InlineData("Listeners:0:Tls", "Always", "Smtp:Listeners:0:Tls = \"Always\": must be one of None, StartTls, Implicit.")]
    [InlineData("Listeners:0:Tls", "1", "Smtp:Listeners:0:Tls = \"1\": must be one of")]
    [InlineData("Listeners:0:RequireTls", "yes", "Smtp:Listeners:0:RequireTls = \"yes\": must be true or false.")]
    [InlineData("Listeners:0:ProxiesTrusted:0", "proxy", "Smtp:Listeners:0:ProxiesTrusted:0 = \"proxy\": must be an address or a network")]
    [InlineData("HostName", "no name", "Smtp:HostName = \"no name\": must be a domain or an address literal")]
    [InlineData("Listeners:0:Tls", "StartTls", "has Tls = StartTls, so that Certificates must be set")]
    [InlineData("CertificatePath", "/nowhere.pem", "CertificatePath = \"/nowhere.pem\": there is no such file.")]
    [InlineData("Users:0:Name", "anna", "Smtp:Users:0:Password is missing: each user needs either Password or PasswordHash.")]
    [InlineData("MaximumConnections", "0", "Smtp:MaximumConnections = \"0\": MaximumConnections must be at least 1.")]
    public async Task A_wrong_setting_fails_the_start_and_names_key_value_and_what_is_allowed(string key, string? value, string expected)
    {
        var values = new Dictionary<string, string?>
        {
            ["HostName"] = "mail.example.com",
            ["Listeners:0:EndPoint"] = "127.0.0.1:0",
            ["Listeners:0:Backlog"] = "10",
            [key] = value,
        };
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddSmtpServer(Section(values)).UseSink(new KeepingSink());
        using IHost host = builder.Build();
        OptionsValidationException error = await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync(Token));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_without_a_sink_fails_the_start()
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddSmtpServer("inbound", o => o.Listen(new IPEndPoint(IPAddress.Loopback, 0)));
        using IHost host = builder.Build();
        OptionsValidationException error = await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync(Token));
        Assert.Contains("The SMTP server \"inbound\" has no sink", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Named_servers_have_their_own_settings_sinks_users_and_health()
    {
        var first = new KeepingSink();
        var second = new KeepingSink();
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddSmtpServer("first", o => o.Listen(new IPEndPoint(IPAddress.Loopback, 0))).UseSink(first);
        builder.Services.AddSmtpServer("second", o =>
        {
            o.Listeners.Add(new SmtpListenerOptions
            {
                EndPoint = new IPEndPoint(IPAddress.Loopback, 0),
                RequireAuthentication = true,
                AllowPlaintextAuthentication = true,
            });
            o.Users["anna"] = "secret";
        }).UseSink(second);
        builder.Services.AddHealthChecks().AddSmtpServer("first").AddSmtpServer("second");
        using IHost host = builder.Build();
        var health = host.Services.GetRequiredService<HealthCheckService>();
        Assert.Equal(HealthStatus.Unhealthy, (await health.CheckHealthAsync(Token)).Status);
        await host.StartAsync(Token);
        HealthReport report = await health.CheckHealthAsync(Token);
        Assert.Equal(HealthStatus.Healthy, report.Status);
        Assert.Equal(["smtp-server-first", "smtp-server-second"], report.Entries.Keys.Order());

        Assert.True((await Letter.SendAsync(EndPoint(host, "first"))).IsAccepted);
        SmtpReplyException refused = await Assert.ThrowsAsync<SmtpReplyException>(
            () => Letter.SendAsync(EndPoint(host, "second"), credentials: new SmtpCredentials("anna", "wrong")));
        Assert.Equal(535, refused.Reply.Code);
        Assert.True((await Letter.SendAsync(EndPoint(host, "second"), credentials: new SmtpCredentials("anna", "secret"))).IsAccepted);
        Assert.Single(first.Messages);
        Assert.Equal("anna", Assert.Single(second.Sessions).Identity);
        await host.StopAsync(Token);
        Assert.Equal(HealthStatus.Unhealthy, (await health.CheckHealthAsync(Token)).Status);
    }

    [Fact]
    public async Task A_scoped_sink_lives_as_long_as_its_message()
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddSingleton<ScopeLog>();
        builder.Services.AddScoped<ScopedThing>();
        builder.Services.AddSmtpServer(o => o.Listen(new IPEndPoint(IPAddress.Loopback, 0)))
            .UseSink<ScopedSink>(ServiceLifetime.Scoped)
            .UsePolicy<ScopedPolicyOfTests>(ServiceLifetime.Scoped);
        using IHost host = builder.Build();
        await host.StartAsync(Token);
        EndPoint server = host.Services.GetRequiredService<SmtpServer>().EndPoints[0];
        host.Services.GetRequiredService<ScopeLog>().Lines.Clear();
        Assert.True((await Letter.SendAsync(server)).IsAccepted);
        Assert.Equal(DeliveryOutcome.PermanentFailure, (await Letter.SendAsync(server, to: "nobody@example.net")).Recipients[0].Outcome);
        await host.StopAsync(Token);

        // A scope for each of the policy's checks too; the message's is the only one that commits.
        List<string> lines = host.Services.GetRequiredService<ScopeLog>().Lines;
        int commit = lines.IndexOf("commit");
        Assert.True(commit > 0);
        Assert.Equal("disposed", lines[commit + 1]);
        Assert.Equal(lines.Count(line => line == "made"), lines.Count(line => line == "disposed"));
    }

    [Fact]
    public async Task A_stopping_host_lets_an_open_transaction_end()
    {
        var sink = new KeepingSink();
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddSmtpServer(o => o.Listen(new IPEndPoint(IPAddress.Loopback, 0))).UseSink(sink);
        using IHost host = builder.Build();
        await host.StartAsync(Token);
        using var client = new System.Net.Sockets.TcpClient();
        await client.ConnectAsync((IPEndPoint)host.Services.GetRequiredService<SmtpServer>().EndPoints[0], Token);
        using var reader = new StreamReader(client.GetStream());
        await using var writer = new StreamWriter(client.GetStream()) { NewLine = "\r\n", AutoFlush = true };
        await reader.ReadLineAsync(Token);
        foreach (string line in (string[])["HELO client.example.com", "MAIL FROM:<a@example.com>", "RCPT TO:<b@example.net>", "DATA"])
        {
            await writer.WriteLineAsync(line);
            await reader.ReadLineAsync(Token);
        }

        Task stop = host.StopAsync(Token);
        await writer.WriteAsync("Subject: late\r\n\r\nStill there.\r\n.\r\n");
        Assert.StartsWith("250 ", await reader.ReadLineAsync(Token), StringComparison.Ordinal);
        Assert.StartsWith("421 ", await reader.ReadLineAsync(Token), StringComparison.Ordinal);
        await stop;
        Assert.Contains("Still there.", Assert.Single(sink.Messages), StringComparison.Ordinal);
    }

    [Fact]
    public void Every_option_of_a_server_is_a_setting_of_a_hosted_one()
    {
        string[] hosted = [.. typeof(SmtpServerHostingOptions).GetProperties().Select(p => p.Name)];
        Assert.Empty(typeof(SmtpServerOptions).GetProperties().Select(p => p.Name).Except(hosted).Except(DependencyProperties));
    }

    private static EndPoint EndPoint(IHost host, string name) => host.Services.GetRequiredKeyedService<SmtpServer>(name).EndPoints[0];

    private static IConfigurationSection Section(Dictionary<string, string?> values) => new ConfigurationBuilder()
        .AddInMemoryCollection(values.Select(pair => KeyValuePair.Create("Smtp:" + pair.Key, pair.Value)))
        .Build()
        .GetSection("Smtp");

    private static void AssertAllDiffer<T>(T actual, T defaults, params string[] except)
    {
        foreach (PropertyInfo property in typeof(T).GetProperties().Where(p => !except.Contains(p.Name)))
        {
            object? value = property.GetValue(actual);
            Assert.False(
                value is System.Collections.IEnumerable list and not string ? !list.Cast<object>().Any() : Equals(value, property.GetValue(defaults)),
                $"{typeof(T).Name}.{property.Name} is as by default, though the configuration says otherwise.");
        }
    }

    internal sealed class ScopeLog
    {
        internal List<string> Lines { get; } = [];
    }

    internal sealed class ScopedThing : IAsyncDisposable
    {
        private readonly ScopeLog _log;

        public ScopedThing(ScopeLog log)
        {
            _log = log;
            log.Lines.Add("made");
        }

        public ValueTask DisposeAsync()
        {
            _log.Lines.Add("disposed");
            return default;
        }
    }

    internal sealed class ScopedSink(ScopedThing thing, ScopeLog log) : IMessageSink
    {
        public ValueTask<MessageOpening> OpenAsync(SmtpSessionContext session, Envelope envelope, CancellationToken cancellationToken)
        {
            Assert.NotNull(thing);
            return new BufferedMessageSink((_, _, _, _) =>
            {
                log.Lines.Add("commit");
                return new(Replies.MessageAccepted);
            }).OpenAsync(session, envelope, cancellationToken);
        }
    }

    internal sealed class ScopedPolicyOfTests(ScopedThing thing) : IEnvelopePolicy
    {
        public ValueTask<SmtpReply> CheckRecipientAsync(
            SmtpSessionContext session, Envelope envelope, EnvelopeRecipient recipient, CancellationToken cancellationToken)
        {
            Assert.NotNull(thing);
            return new(recipient.ForwardPath.ToString().StartsWith("nobody", StringComparison.Ordinal) ? Replies.RelayDenied : default);
        }
    }
}
