using System.CommandLine;
using Relay.Spool;
using Smtp.Core;

namespace Relay.Host;

/// <summary><c>suppression list|add|remove</c></summary>
internal static class SuppressionCommands
{
    internal static Command Create(CommandContext context)
    {
        var suppression = new Command("suppression", "Addresses that get no more mail.") { List(context), Add(context), Remove(context) };
        suppression.Add(context.JsonOption);
        return suppression;
    }

    private static Command List(CommandContext context)
    {
        var command = new Command("list", "Lists them by address.");
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using SqliteSpool spool = context.OpenSpool();
            string? after = null;
            while (await spool.Suppressions.ListAsync(after, CommandContext.PageSize, cancellationToken).ConfigureAwait(false) is { Count: > 0 } page)
            {
                foreach (Suppression one in page)
                {
                    context.Write(
                        parsed,
                        new { one.Address, one.Reason, one.Detail, one.At, messageId = one.MessageId?.ToString() },
                        () => $"{one.Address} {one.Reason} since {CommandContext.Time(one.At)} {one.Detail}".TrimEnd());
                }

                after = page[^1].Address;
            }

            return 0;
        });
        return command;
    }

    private static Command Add(CommandContext context)
    {
        var address = new Argument<string>("address") { Description = "A mailbox." };
        var detail = new Option<string>("--reason") { Description = "Why.", DefaultValueFactory = _ => string.Empty };
        var command = new Command("add", "Adds an address by hand.") { address, detail };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using SqliteSpool spool = context.OpenSpool();
            if (!SmtpPath.TryParse(parsed.GetValue(address), out SmtpPath path) || path.IsNull)
            {
                throw new RelayStartException($"\"{parsed.GetValue(address)}\" is no mailbox, such as user@example.com.");
            }

            var suppression = new Suppression(path.ToString(), "manual", parsed.GetValue(detail)!, spool.Clock.GetUtcNow());
            await spool.Suppressions.AddAsync([suppression], cancellationToken).ConfigureAwait(false);
            context.Write(parsed, new { suppressed = suppression.Address }, () => $"suppressed {suppression.Address}");
            return 0;
        });
        return command;
    }

    private static Command Remove(CommandContext context)
    {
        var address = new Argument<string>("address") { Description = "A mailbox." };
        var command = new Command("remove", "Takes an address off.") { address };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using SqliteSpool spool = context.OpenSpool();
            string name = parsed.GetValue(address)!;
            bool wasThere = await spool.Suppressions.RemoveAsync(name, cancellationToken).ConfigureAwait(false);
            context.Write(parsed, new { removed = name, wasThere }, () => wasThere ? $"removed {name}" : $"{name} was not on the list");
            return wasThere ? 0 : 1;
        });
        return command;
    }
}
