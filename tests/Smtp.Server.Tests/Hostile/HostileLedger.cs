using System.Collections.Concurrent;

namespace Smtp.Server.Tests;

/// <summary>What clients sent and were told, and what the sink took, by message and recipient.</summary>
internal sealed class HostileLedger
{
    /// <summary>Messages whose last octet may have left the client, with their content.</summary>
    internal ConcurrentDictionary<string, string> Sent { get; } = new(StringComparer.Ordinal);

    /// <summary>What was answered 250: the message, or in LMTP message and recipient.</summary>
    internal ConcurrentDictionary<string, bool> Answered { get; } = new(StringComparer.Ordinal);

    /// <summary>What the sink said 250 to, by the same keys, with the content.</summary>
    internal ConcurrentDictionary<string, string> Taken { get; } = new(StringComparer.Ordinal);

    /// <summary>What the sink said 250 to more than once.</summary>
    internal ConcurrentQueue<string> TakenTwice { get; } = new();

    /// <summary>What went wrong at a client: a reply that it must never get.</summary>
    internal ConcurrentQueue<string> Complaints { get; } = new();

    internal ConcurrentDictionary<string, int> Counts { get; } = new(StringComparer.Ordinal);

    internal void Count(string what) => Counts.AddOrUpdate(what, 1, (_, n) => n + 1);

    internal void Take(string key, string content)
    {
        if (!Taken.TryAdd(key, content))
        {
            TakenTwice.Enqueue(key);
        }
    }

    /// <summary>Asserts what must hold when all clients have gone: nothing that was promised is missing, nothing is there twice, in part or unasked.</summary>
    internal void Check()
    {
        Assert.Empty(Complaints);
        Assert.Empty(TakenTwice);
        Assert.Empty(Answered.Keys.Except(Taken.Keys));
        foreach ((string key, string content) in Taken)
        {
            Assert.True(Sent.TryGetValue(key.Split(' ')[0], out string? sent), $"{key} was never sent to its end.");
            Assert.Equal(sent, content);
        }
    }

    /// <summary>Forgets the messages, so that a long run takes no more memory than a short one. The counts stay.</summary>
    internal void Forget()
    {
        Counts["answered 250"] = Counts.GetValueOrDefault("answered 250") + Answered.Count;
        Counts["taken by the sink"] = Counts.GetValueOrDefault("taken by the sink") + Taken.Count;
        Counts["sent to the end"] = Counts.GetValueOrDefault("sent to the end") + Sent.Count;
        Sent.Clear();
        Answered.Clear();
        Taken.Clear();
    }

    public override string ToString() => string.Join(", ", Counts.OrderBy(c => c.Key, StringComparer.Ordinal).Select(c => $"{c.Key} {c.Value}"));
}
