using System.CommandLine;
using Relay.Spool;

namespace Relay.Host;

/// <summary>The options that say which recipients are meant.</summary>
internal sealed class FilterOptions
{
    private readonly Argument<string[]> _ids = new("id") { Arity = ArgumentArity.ZeroOrMore, Description = "Message ids." };
    private readonly Option<string?> _state = new("--state") { Description = "waiting (the default of a list), all, or a state such as queued, held, bounced." };
    private readonly Option<bool> _deferred = new("--deferred") { Description = "Only those that were tried and failed for now." };
    private readonly Option<string?> _destination = new("--destination") { Description = "A recipient domain." };
    private readonly Option<string?> _to = new("--to") { Description = "A recipient." };
    private readonly Option<string?> _from = new("--from") { Description = "A reverse-path." };
    private readonly Option<string?> _stream = new("--stream") { Description = "A stream." };
    private readonly Option<string?> _tag = new("--tag") { Description = "A tag." };
    private readonly Option<TimeSpan?> _olderThan = DurationOption.Create("--older-than", "Accepted longer ago than this, such as 90m or 2d.");
    private readonly Option<bool> _all = new("--all") { Description = "All: needed where a change names nothing else." };

    /// <summary>Adds the options to a command.</summary>
    internal void AddTo(Command command, bool isChange)
    {
        command.Add(_ids);
        foreach (Option option in (ReadOnlySpan<Option>)[_state, _deferred, _destination, _to, _from, _stream, _tag, _olderThan])
        {
            command.Add(option);
        }

        if (isChange)
        {
            command.Add(_all);
        }
    }

    /// <summary>Reads the options: a filter for each id, or one for all.</summary>
    /// <param name="command">What was written.</param>
    /// <param name="isChange">Whether a filter that names nothing must be confirmed with --all.</param>
    /// <param name="now">The time, for ages.</param>
    /// <exception cref="RelayStartException">An option makes no sense.</exception>
    internal IReadOnlyList<QueueFilter> Read(ParseResult command, bool isChange, DateTimeOffset now)
    {
        string[] ids = command.GetValue(_ids) ?? [];
        var filter = new QueueFilter
        {
            States = ids.Length > 0 && command.GetValue(_state) is null ? null : States(command.GetValue(_state)),
            IsDeferred = command.GetValue(_deferred) ? true : null,
            Destination = command.GetValue(_destination),
            ForwardPath = command.GetValue(_to),
            ReversePath = command.GetValue(_from),
            Stream = command.GetValue(_stream),
            Tag = command.GetValue(_tag),
            To = command.GetValue(_olderThan) is { } age ? now - age : null,
        };
        if (ids.Length == 0)
        {
            bool names = filter is not { IsDeferred: null, Destination: null, ForwardPath: null, ReversePath: null, Stream: null, Tag: null, To: null }
                || command.GetValue(_state) is not null;
            return isChange && !names && !command.GetValue(_all)
                ? throw new RelayStartException("Say which: an id, an option such as --destination, or --all.")
                : [filter];
        }

        return [.. ids.Select(id => MessageId.TryParse(id, out MessageId read)
            ? filter with { MessageId = read }
            : throw new RelayStartException($"\"{id}\" is no message id: 32 hexadecimal digits."))];
    }

    private static IReadOnlyList<RecipientState>? States(string? text) => text?.ToUpperInvariant() switch
    {
        null or "WAITING" => QueueFilter.Waiting,
        "ALL" => null,
        _ when Enum.TryParse(text, ignoreCase: true, out RecipientState state) && Enum.IsDefined(state) && !int.TryParse(text, out _) => [state],
        _ => throw new RelayStartException($"--state is \"{text}\"; allowed is waiting, all, {string.Join(", ", Enum.GetNames<RecipientState>().Select(n => n.ToLowerInvariant()))}."),
    };
}
