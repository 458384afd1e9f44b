using Relay.Spool;

namespace Relay.Delivery;

/// <summary>Which messages leave from which pool of addresses. The first that fits counts: tag, sender domain, priority, stream, and then the default.</summary>
public sealed record PoolSettings
{
    /// <summary>The addresses of each pool, by its name.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<SourceSettings>> Pools { get; init; } = new Dictionary<string, IReadOnlyList<SourceSettings>>();

    /// <summary>The pool of what no other rule names; null, the default, for the address that the system chooses.</summary>
    public string? Default { get; init; }

    /// <summary>The pool by tag.</summary>
    public IReadOnlyDictionary<string, string> ByTag { get; init; } = new Dictionary<string, string>();

    /// <summary>The pool by sender domain, in lower case.</summary>
    public IReadOnlyDictionary<string, string> BySenderDomain { get; init; } = new Dictionary<string, string>();

    /// <summary>The pool by priority.</summary>
    public IReadOnlyDictionary<MessagePriority, string> ByPriority { get; init; } = new Dictionary<MessagePriority, string>();

    /// <summary>The pool by stream.</summary>
    public IReadOnlyDictionary<string, string> ByStream { get; init; } = new Dictionary<string, string>();

    /// <summary>The addresses for a message; null for the one that the system chooses.</summary>
    public IReadOnlyList<SourceSettings>? For(MessageFacts facts)
    {
        ArgumentNullException.ThrowIfNull(facts);
        if (Pools.Count == 0)
        {
            return null;
        }

        foreach (string tag in facts.Tags)
        {
            if (ByTag.TryGetValue(tag, out string? tagged))
            {
                return Pools[tagged];
            }
        }

        return BySenderDomain.TryGetValue(facts.SenderDomain, out string? name)
            || ByPriority.TryGetValue(facts.Priority, out name)
            || ByStream.TryGetValue(facts.Stream, out name)
            || (name = Default) is not null
            ? Pools[name]
            : null;
    }
}
