using Microsoft.Extensions.Configuration;

namespace Relay.Host;

/// <summary>Where configuration comes from; what comes later wins.</summary>
internal static class RelayConfiguration
{
    private static readonly string[] Sections = ["Relay", "Logging"];

    /// <summary>
    /// Loads (1) the <c>appsettings.json</c> beside the program, (2) the one in the working directory, (3) the environment, (4) the command line.
    /// </summary>
    /// <exception cref="RelayStartException">A file is no JSON, or an argument is none.</exception>
    internal static ConfigurationManager Load(string[] args)
    {
        CheckArguments(args);
        var configuration = new ConfigurationManager();
        try
        {
            configuration.AddJsonFile(Path.Combine(AppContext.BaseDirectory, "appsettings.json"), optional: true, reloadOnChange: false);
            configuration.AddJsonFile(Path.Combine(Environment.CurrentDirectory, "appsettings.json"), optional: true, reloadOnChange: false);
            configuration.AddEnvironmentVariables();
            configuration.AddCommandLine(args);
            return configuration;
        }
        catch (InvalidDataException error)
        {
            configuration.Dispose();
            throw new RelayStartException($"{error.Message} {(error.GetBaseException() == error ? string.Empty : error.GetBaseException().Message)}".TrimEnd(), error);
        }
    }

    /// <summary>The configuration library passes over what it does not understand; a misspelt option would be obeyed by nobody.</summary>
    private static void CheckArguments(string[] args)
    {
        for (int i = 0; i < args.Length; i++)
        {
            string argument = args[i];
            int end = argument.IndexOf('=', StringComparison.Ordinal);
            string key = end < 0 ? argument : argument[..end];
            if (!key.StartsWith("--", StringComparison.Ordinal)
                || !Array.Exists(Sections, s => key.AsSpan(2).StartsWith(s + ":", StringComparison.OrdinalIgnoreCase)))
            {
                throw new RelayStartException($"\"{key}\" is no option: write --KEY=VALUE, such as --Relay:NextHop=127.0.0.1:2600.");
            }

            if (end < 0 && ++i == args.Length)
            {
                throw new RelayStartException($"\"{key}\" has no value: write {key}=VALUE.");
            }
        }
    }
}
