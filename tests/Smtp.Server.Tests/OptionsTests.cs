using System.Net;
using System.Reflection;
using Smtp.Core;

namespace Smtp.Server.Tests;

/// <summary>A wrong option is refused at once, by its name and with its value.</summary>
public sealed class OptionsTests
{
    private static readonly IPEndPoint Anywhere = new(IPAddress.Loopback, 2525);

    public static TheoryData<string, string, Action> Wrong => new()
    {
        { "MaximumConnections", "0", () => _ = new SmtpServerOptions { MessageSink = new RecordingSink(), MaximumConnections = 0 } },
        { "MaximumConnectionsPerAddress", "-1", () => _ = new SmtpServerOptions { MessageSink = new RecordingSink(), MaximumConnectionsPerAddress = -1 } },
        { "Backlog", "0", () => _ = new SmtpListenerOptions { EndPoint = Anywhere, Backlog = 0 } },
        { "GreetingDelay", "00:02:00", () => _ = new SmtpListenerOptions { EndPoint = Anywhere, GreetingDelay = TimeSpan.FromMinutes(2) } },
        { "Command", "00:00:00", () => _ = new SmtpServerTimeouts { Command = TimeSpan.Zero } },
        { "Body", "-00:00:01", () => _ = new SmtpServerTimeouts { Body = TimeSpan.FromSeconds(-1) } },
        { "Write", "2.00:00:00", () => _ = new SmtpServerTimeouts { Write = TimeSpan.FromDays(2) } },
        { "TlsHandshake", "00:00:00", () => _ = new SmtpServerTimeouts { TlsHandshake = TimeSpan.Zero } },
        { "BodyRateGrace", "00:00:00", () => _ = new SmtpServerTimeouts { BodyRateGrace = TimeSpan.Zero } },
        { "MinimumBodyRate", "-1", () => _ = new SmtpServerTimeouts { MinimumBodyRate = -1 } },
        { "AuthenticationFailureDelay", "01:00:00", () => _ = new SmtpServerTimeouts { AuthenticationFailureDelay = TimeSpan.FromHours(1) } },
        { "ShutdownGrace", "-00:00:01", () => _ = new SmtpServerTimeouts { ShutdownGrace = TimeSpan.FromSeconds(-1) } },
        { "ShutdownGrace", "10675199.02:48:05.4775807", () => _ = new SmtpServerTimeouts { ShutdownGrace = TimeSpan.MaxValue } },
        { "HostName", "not a name", () => _ = new SmtpServer(new SmtpServerOptions { MessageSink = new RecordingSink(), HostName = "not a name" }) },
        { "MessageSink", "null", () => _ = new SmtpServer(new SmtpServerOptions { MessageSink = null! }) },
        {
            "EndPoint", "mail.example.com", () => _ = Make(new SmtpListenerOptions { EndPoint = new DnsEndPoint("mail.example.com", 25) })
        },
        { "Certificates", "Tls = Implicit", () => _ = Make(new SmtpListenerOptions { EndPoint = Anywhere, Tls = TlsMode.Implicit }) },
        { "RequireTls", "127.0.0.1:2525", () => _ = Make(new SmtpListenerOptions { EndPoint = Anywhere, RequireTls = true }) },
        { "Authenticator", "127.0.0.1:2525", () => _ = Make(new SmtpListenerOptions { EndPoint = Anywhere, RequireAuthentication = true }) },
        {
            "AuthenticationMechanisms", "[PLAIN, LOGIN]", () => _ = Make(
                new SmtpListenerOptions { EndPoint = Anywhere, RequireAuthentication = true }, new ScriptedAuthenticator())
        },
        {
            "SASL", "CRAM-MD5", () => _ = new SmtpServer(new SmtpServerOptions
            {
                MessageSink = new RecordingSink(),
                Authenticator = new ScriptedAuthenticator(),
                AuthenticationMechanisms = ["CRAM-MD5"],
                Listeners = [new SmtpListenerOptions { EndPoint = Anywhere }],
            })
        },
    };

    [Theory]
    [MemberData(nameof(Wrong), DisableDiscoveryEnumeration = true)]
    public void Is_named_with_its_value(string name, string value, Action make)
    {
        ArgumentException error = Assert.ThrowsAny<ArgumentException>(make);
        Assert.Contains(name, error.Message, StringComparison.Ordinal);
        Assert.Contains(value, error.Message.Replace("Value cannot be null", "null", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    public static TheoryData<Type, string> MayNotBeNull => [.. OptionsWhere((option, nullability) =>
        !option.PropertyType.IsValueType && nullability.Create(option).WriteState == NullabilityState.NotNull)];

    public static TheoryData<Type, string> Choices => [.. OptionsWhere((option, _) =>
        option.PropertyType.IsEnum && !option.PropertyType.IsDefined(typeof(FlagsAttribute)))];

    /// <summary>As from a program without nullable reference types, or from one that turns them off with an exclamation mark.</summary>
    [Theory]
    [MemberData(nameof(MayNotBeNull))]
    public void Null_is_refused_by_the_name_of_the_option(Type type, string option) => AssertRefused(type, option, null, option);

    [Theory]
    [MemberData(nameof(Choices))]
    public void A_number_that_is_no_choice_is_refused_with_those_that_are(Type type, string option)
    {
        Type choice = type.GetProperty(option)!.PropertyType;
        AssertRefused(type, option, Enum.ToObject(choice, 99), $"{option} = 99 must be one of {string.Join(", ", Enum.GetNames(choice))}");
    }

    [Fact]
    public async Task What_the_sink_does_not_support_is_not_offered()
    {
        await using var server = TestServer.Start(new RecordingSink());
        await using TestClient client = server.Connect();
        string ehlo = await client.GreetAsync();
        Assert.DoesNotContain("SMTPUTF8", ehlo, StringComparison.Ordinal);
        Assert.DoesNotContain("BINARYMIME", ehlo, StringComparison.Ordinal);
        Assert.DoesNotContain("DSN", ehlo, StringComparison.Ordinal);
        Assert.Contains("CHUNKING", ehlo, StringComparison.Ordinal);

        await using var able = TestServer.Start(
            new RecordingSink { SupportedExtensions = SmtpExtensions.SmtpUtf8 | SmtpExtensions.BinaryMime | SmtpExtensions.Dsn });
        await using TestClient other = able.Connect();
        ehlo = await other.GreetAsync();
        Assert.Contains("SMTPUTF8", ehlo, StringComparison.Ordinal);
        Assert.Contains("BINARYMIME", ehlo, StringComparison.Ordinal);
        Assert.Contains("DSN", ehlo, StringComparison.Ordinal);
    }

    private static IEnumerable<(Type Type, string Option)> OptionsWhere(Func<PropertyInfo, NullabilityInfoContext, bool> predicate)
    {
        var nullability = new NullabilityInfoContext();
        return new[] { typeof(SmtpServerOptions), typeof(SmtpListenerOptions) }
            .SelectMany(type => type.GetProperties().Where(option => predicate(option, nullability)).Select(option => (type, option.Name)));
    }

    private static void AssertRefused(Type type, string option, object? value, string expected)
    {
        var listener = new SmtpListenerOptions { EndPoint = Anywhere };
        var server = new SmtpServerOptions { MessageSink = new RecordingSink(), Listeners = [listener] };
        type.GetProperty(option)!.SetValue(type == typeof(SmtpListenerOptions) ? listener : server, value);
        Assert.Contains(expected, Assert.ThrowsAny<ArgumentException>(() => new SmtpServer(server)).Message, StringComparison.Ordinal);
    }

    private static SmtpServer Make(SmtpListenerOptions listener, ISmtpAuthenticator? authenticator = null) =>
        new(new SmtpServerOptions { MessageSink = new RecordingSink(), Authenticator = authenticator, Listeners = [listener] });
}
