using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Reflection;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Logging;
using Smtp.Interop;

namespace Smtp.Server.Tests;

/// <summary>What the server tells of itself is what its README says.</summary>
public sealed partial class DiagnosticsTests
{
    private static readonly string Readme = File.ReadAllText(Path.Combine(Repository.Root, "src", "Smtp.Server", "README.md"));

    [Fact]
    public async Task The_metrics_of_the_README_are_the_ones_that_are_measured()
    {
        using var certificate = TestCertificate.Create("mail.example.com");
        await using var server = TestServer.Start(certificates: new TlsCertificates(certificate), authenticator: new ScriptedAuthenticator());
        var instruments = new ConcurrentDictionary<string, string>();
        var measured = new ConcurrentBag<(string Name, double Value, string Tags)>();
        using (MeterListener listener = ServerMeter.Listen(server.Server, instruments, measured))
        {
            await RunSessionAsync(server);
            await server.UntilEmptyAsync();
        }

        // Names, units and tags: all rows, and no more.
        var documented = Rows("instrument").SelectMany(row => Code().Matches(row[0]).Select(name => (
            Name: name.Groups[1].Value,
            Unit: row[1],
            Tags: Code().Matches(row[2]).Select(tag => tag.Groups[1].Value).ToHashSet()))).ToList();
        Assert.Equal(instruments.OrderBy(i => i.Key, StringComparer.Ordinal).Select(i => $"{i.Key} {i.Value}"), documented.OrderBy(d => d.Name, StringComparer.Ordinal).Select(d => $"{d.Name} {d.Unit}"));
        foreach ((string name, _, HashSet<string> tags) in documented)
        {
            string[] seen = [.. measured.Where(m => m.Name == name).SelectMany(m => m.Tags.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Select(tag => tag.Split('=')[0]).Distinct()];
            Assert.Contains(measured, m => m.Name == name);
            Assert.Equal(tags.Order(StringComparer.Ordinal), seen.Append("error.type").Intersect(tags).Order(StringComparer.Ordinal));
            Assert.Empty(seen.Except(tags));
        }

        // And they count what happened.
        void Counted(string name, string tags, double value) => Assert.Equal(value, measured.Where(m => m.Name == name && m.Tags == tags).Sum(m => m.Value));
        Counted("smtp.server.active_sessions", "", 0);
        Counted("smtp.server.sessions", "smtp.close_reason=Completed", 1);
        Counted("smtp.server.commands", "smtp.command=MAIL smtp.reply_code=250", 1);
        Counted("smtp.server.commands", "smtp.command=RCPT smtp.reply_code=501", 1);
        Counted("smtp.server.rejections", "smtp.command=RCPT smtp.enhanced_status=5.1.3", 1);
        Counted("smtp.server.messages", "smtp.outcome=accepted", 1);
        Counted("smtp.server.message.size", "", 25);
        Counted("smtp.server.tls.handshakes", "tls.protocol.version=Tls13", 1);
        Counted("smtp.server.authentications", "smtp.auth.mechanism=PLAIN smtp.outcome=refused", 1);
        Counted("smtp.server.authentications", "smtp.auth.mechanism=PLAIN smtp.outcome=accepted", 1);
    }

    [Fact]
    public async Task Who_is_throttled_is_counted_apart_from_who_is_refused()
    {
        await using var server = TestServer.Start(
            authenticator: new ScriptedAuthenticator(),
            authenticationLimits: new SmtpAuthenticationLimits { FailuresPerAddress = 1 },
            listeners: TestServer.Listener(allowPlaintextAuthentication: true));
        var measured = new ConcurrentBag<(string Name, double Value, string Tags)>();
        using (MeterListener listener = ServerMeter.Listen(server.Server, new ConcurrentDictionary<string, string>(), measured))
        {
            await using TestClient client = await server.ConnectSocketAsync();
            await client.GreetAsync();
            string guess = "AUTH PLAIN " + Convert.ToBase64String("\0alice\0wrong"u8);
            await client.SayAsync(guess, "535 ");
            await client.SayAsync(guess, "454 ");
        }

        void Counted(string outcome) => Assert.Equal(
            1, measured.Where(m => m.Name == "smtp.server.authentications" && m.Tags == $"smtp.auth.mechanism=PLAIN smtp.outcome={outcome}").Sum(m => m.Value));
        Counted("refused");
        Counted("throttled");
    }

    [Fact]
    public async Task A_message_is_one_activity()
    {
        var stopped = new ConcurrentBag<Activity>();
        using var certificate = TestCertificate.Create("mail.example.com");
        await using var server = TestServer.Start(certificates: new TlsCertificates(certificate), authenticator: new ScriptedAuthenticator());
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "Smtp.Server",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = stopped.Add,
        };
        ActivitySource.AddActivityListener(listener);
        EndPointTag client = await RunSessionAsync(server);
        await server.UntilEmptyAsync();
        Activity activity = Assert.Single(stopped, a => Equals(a.GetTagItem("network.peer.port"), client.Port));
        Assert.Equal("smtp receive", activity.OperationName);
        Assert.Equal(ActivityStatusCode.Ok, activity.Status);
        Assert.Equal(25L, activity.GetTagItem("messaging.message.body.size"));
        string[] documented = [.. Rows("tag of an activity").Select(row => Code().Match(row[0]).Groups[1].Value).Order(StringComparer.Ordinal)];
        Assert.Equal(documented, activity.TagObjects.Select(tag => tag.Key).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void The_events_of_the_README_are_the_ones_that_are_logged()
    {
        string[] logged = [.. typeof(ServerLog).GetMethods(BindingFlags.Static | BindingFlags.NonPublic)
            .Select(method => (method.Name, Attribute: method.GetCustomAttribute<LoggerMessageAttribute>()))
            .Where(method => method.Attribute is not null)
            .OrderBy(method => method.Attribute!.EventId)
            .Select(method => $"{method.Attribute!.EventId} {method.Attribute.Level} {method.Name}")];
        Assert.NotEmpty(logged);
        Assert.Equal(logged, Rows("event").Select(row => $"{row[0]} {row[1]} {row[2].Trim('`')}"));
        Assert.Equal(logged.Length, logged.Select(line => line.Split(' ')[0]).Distinct().Count());
    }

    private static async Task<EndPointTag> RunSessionAsync(TestServer server)
    {
        await using TestClient client = await server.ConnectSocketAsync();
        await client.GreetAsync();
        await client.StartTlsAsync();
        await client.SayAsync("EHLO client.example.com", "250-");
        await client.SayAsync("AUTH PLAIN " + Convert.ToBase64String("\0alice\0wrong"u8), "535 ");
        await client.SayAsync("AUTH PLAIN " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"\0{ScriptedAuthenticator.User}\0{ScriptedAuthenticator.Password}")), "235 ");
        await client.SayAsync("MAIL FROM:<a@example.com>", "250 ");
        await client.SayAsync("RCPT TO:<b>", "501 ");
        await client.SayAsync("RCPT TO:<b@example.net>", "250 ");
        await client.SayAsync("DATA", "354 ");
        await client.SayAsync("Subject: hello\r\n\r\nText.\r\n.", "250 ");
        int port = ((System.Net.IPEndPoint)client.Socket!.LocalEndPoint!).Port;
        await client.SayAsync("QUIT", "221 ");
        return new EndPointTag(port);
    }

    /// <summary>The cells of the README's table whose first heading is this.</summary>
    private static IEnumerable<string[]> Rows(string heading) =>
        Readme.Split('\n')
            .SkipWhile(line => !line.StartsWith($"| {heading} |", StringComparison.Ordinal))
            .Skip(2)
            .TakeWhile(line => line.StartsWith('|'))
            .Select(line => (string[])[.. line.Split('|')[1..^1].Select(cell => cell.Trim())]);

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Code();

    private readonly record struct EndPointTag(int Port);
}
