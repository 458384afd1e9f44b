using System.CommandLine;
using System.CommandLine.Invocation;
using Microsoft.Extensions.Configuration;
using Relay.Spool;

namespace Relay.Host;

/// <summary>
/// What an operator does to the queue: the same program, called with a command. It works on the spool's folder beside the relay that runs over it, or with no
/// relay running; a running relay sees changes within a second.
/// </summary>
internal static class OperatorCommands
{
    private static readonly string[] Names = ["queue", "destination", "suppression", "--help", "-h", "-?", "--version"];

    /// <summary>Whether the arguments are a command, and not options of the relay itself.</summary>
    internal static bool Are(string[] args) => args.Length > 0 && Names.Contains(args[0], StringComparer.Ordinal);

    /// <summary>Runs a command.</summary>
    /// <param name="args">The command; options such as <c>--Relay:Spool:Path=PATH</c> may stand behind it.</param>
    /// <param name="output">Where the answer goes.</param>
    /// <param name="errors">Where errors go.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>The exit code: 0 done, 1 not done.</returns>
    internal static async Task<int> RunAsync(string[] args, TextWriter output, TextWriter errors, CancellationToken cancellationToken = default)
    {
        bool IsSetting(string arg) => arg.StartsWith("--Relay:", StringComparison.OrdinalIgnoreCase) && arg.Contains('=', StringComparison.Ordinal);
        var context = new CommandContext(() => Open([.. args.Where(IsSetting)]), output);
        var root = new RootCommand("A mail relay. Without a command it runs; with one it looks at the queue, or changes it.")
        {
            QueueCommands.Create(context),
            DestinationCommands.Create(context),
            SuppressionCommands.Create(context),
        };
        try
        {
            var invocation = new InvocationConfiguration { Output = output, Error = errors, EnableDefaultExceptionHandler = false };
            ParseResult parsed = root.Parse(args.Where(a => !IsSetting(a)).ToArray());
            if (parsed.Action is ParseErrorAction action)
            {
                // What is wrong stands alone; --help tells the rest.
                action.ShowHelp = false;
            }

            return await parsed.InvokeAsync(invocation, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception error) when (error is RelayStartException or SpoolException)
        {
            await errors.WriteLineAsync($"relay: {error.Message}").ConfigureAwait(false);
            return 1;
        }
    }

    private static SqliteSpool Open(string[] settings)
    {
        ConfigurationManager configuration = RelayConfiguration.Load(settings);
        if (RelaySettingsReader.Read(configuration, out IReadOnlyList<string> wrong) is not { } read)
        {
            throw new RelayStartException(wrong[0]);
        }

        if (!File.Exists(Path.Combine(read.SpoolPath, "spool.db")))
        {
            throw new RelayStartException($"There is no spool in \"{read.SpoolPath}\": say where it is with --Relay:Spool:Path=PATH.");
        }

        return SqliteSpool.Open(new SpoolOptions { Path = read.SpoolPath, IsOwner = false });
    }
}
