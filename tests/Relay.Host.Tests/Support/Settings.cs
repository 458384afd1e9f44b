using Microsoft.Extensions.Configuration;

namespace Relay.Host.Tests;

/// <summary>Reads settings as from a command line.</summary>
internal static class Settings
{
    internal static RelaySettings? Read(string[] args, out IReadOnlyList<string> errors) =>
        RelaySettingsReader.Read(new ConfigurationBuilder().AddCommandLine(args).Build(), out errors);

    internal static RelaySettings Read(params string[] args)
    {
        RelaySettings? settings = Read(args, out IReadOnlyList<string> errors);
        Assert.Empty(errors);
        return settings!;
    }
}
