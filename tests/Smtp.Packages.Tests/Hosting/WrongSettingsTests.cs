using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Smtp.Client;
using Smtp.Core;
using Smtp.Hosting;
using Smtp.Server;

namespace Smtp.Packages.Tests.Hosting;

/// <summary>Every key of configuration, with a value that is none: the start fails and says key, value and what is allowed.</summary>
public sealed class WrongSettingsTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<string> ServerKeys =>
    [
        .. Keys(typeof(SmtpServerHostingOptions)),
        .. Keys(typeof(SmtpLimits), "Limits:"),
        .. Keys(typeof(SmtpAuthenticationLimits), "AuthenticationLimits:"),
        .. Keys(typeof(SmtpServerTimeouts), "Timeouts:"),
        .. Keys(typeof(SmtpListenerOptions), "Listeners:0:"),
    ];

    public static TheoryData<string> ClientKeys => [.. Keys(typeof(SmtpClientHostingOptions)), .. Keys(typeof(SmtpClientTimeouts), "Timeouts:")];

    [Theory]
    [MemberData(nameof(ServerKeys))]
    public async Task A_server_does_not_start(string key)
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddSmtpServer(Section(new() { ["Listeners:0:EndPoint"] = "127.0.0.1:0", [key] = "so-so" })).UseSink(new KeepingSink());
        await AssertFailsAsync(builder, key);
    }

    [Theory]
    [MemberData(nameof(ClientKeys))]
    public async Task A_program_with_a_client_does_not_start(string key)
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddSmtpClient(Section(new() { ["Host"] = "smtp.example.com", [key] = "so-so" }));
        await AssertFailsAsync(builder, key);
    }

    private static async Task AssertFailsAsync(HostApplicationBuilder builder, string key)
    {
        using IHost host = builder.Build();
        OptionsValidationException error = await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync(Token));
        Assert.Contains($"Smtp:{key} = \"so-so\": must be ", error.Message, StringComparison.Ordinal);
    }

    /// <summary>The options that are numbers, times, choices, true or false.</summary>
    private static IEnumerable<string> Keys(Type type, string prefix = "") =>
        type.GetProperties()
            .Where(option => option.CanWrite && option.PropertyType.IsValueType)
            .Select(option => prefix + option.Name);

    private static IConfigurationSection Section(Dictionary<string, string?> values) =>
        new ConfigurationBuilder().AddInMemoryCollection(values.ToDictionary(pair => "Smtp:" + pair.Key, pair => pair.Value)).Build().GetSection("Smtp");
}
