using System.CommandLine;
using Relay.Spool;
using Smtp.Core;

namespace Relay.Host;

/// <summary><c>destination list|suspend|resume</c></summary>
internal static class DestinationCommands
{
    internal static Command Create(CommandContext context)
    {
        var destination = new Command("destination", "Recipient domains: how their queues stand.") { List(context), Suspend(context), Resume(context) };
        destination.Add(context.JsonOption);
        return destination;
    }

    private static Command List(CommandContext context)
    {
        Option<int?> limit = NumberOption.Create("--limit", "How many at most, the fullest first; 1000 by default.");
        var command = new Command("list", "Lists what waits for each destination, and the suspended ones.") { limit };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using SqliteSpool spool = context.OpenSpool();
            foreach (DestinationFigures one in await spool.DestinationsAsync(parsed.GetValue(limit) ?? 1000, cancellationToken).ConfigureAwait(false))
            {
                context.Write(parsed, one, () => $"{one.Waiting,9} {one.Destination} {one.Stream}, next {CommandContext.Time(one.NextAttemptAt)}{(one.IsSuspended ? ", suspended" : string.Empty)}");
            }

            foreach (SuspendedDestination one in await spool.SuspendedAsync(cancellationToken).ConfigureAwait(false))
            {
                context.Write(parsed, one, () => $"suspended {one.Destination} since {CommandContext.Time(one.Since)} until {CommandContext.Time(one.Until)} {one.Reason}".TrimEnd());
            }

            return 0;
        });
        return command;
    }

    private static Command Suspend(CommandContext context)
    {
        var domain = new Argument<string>("domain") { Description = "A recipient domain." };
        var reason = new Option<string>("--reason") { Description = "Why.", DefaultValueFactory = _ => string.Empty };
        var duration = DurationOption.Create("--for", "For how long, such as 2h; until resumed by default.");
        var command = new Command("suspend", "Delivers nothing more there.") { domain, reason, duration };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using SqliteSpool spool = context.OpenSpool();
            string text = parsed.GetValue(domain)!;
            if (!SmtpPath.TryParse("a@" + text, out _))
            {
                throw new RelayStartException($"\"{text}\" is no domain, such as example.com.");
            }

            string name = DestinationName.OfDomain(text);
            DateTimeOffset? until = parsed.GetValue(duration) is { } time ? spool.Clock.GetUtcNow() + time : null;
            await spool.SuspendAsync(name, parsed.GetValue(reason)!, until, cancellationToken).ConfigureAwait(false);
            context.Write(parsed, new { suspended = name, until }, () => $"suspended {name} until {CommandContext.Time(until)}");
            return 0;
        });
        return command;
    }

    private static Command Resume(CommandContext context)
    {
        var domain = new Argument<string>("domain") { Description = "A recipient domain." };
        var command = new Command("resume", "Ends a suspension.") { domain };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using SqliteSpool spool = context.OpenSpool();
            string name = DestinationName.OfDomain(parsed.GetValue(domain)!);
            bool wasSuspended = await spool.ResumeAsync(name, cancellationToken).ConfigureAwait(false);
            context.Write(parsed, new { resumed = name, wasSuspended }, () => wasSuspended ? $"resumed {name}" : $"{name} was not suspended");
            return wasSuspended ? 0 : 1;
        });
        return command;
    }
}
