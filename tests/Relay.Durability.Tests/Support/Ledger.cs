using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Relay.Durability.Tests;

/// <summary>What was promised, and what arrived.</summary>
internal sealed class Ledger
{
    private readonly ConcurrentDictionary<int, bool> _accepted = new();
    private readonly ConcurrentDictionary<int, bool> _unknown = new();
    private readonly ConcurrentDictionary<int, bool> _refused = new();
    private readonly ConcurrentDictionary<int, List<int>> _arrived = new();
    private int _next;
    private volatile int _epoch;

    internal int Accepted => _accepted.Count;

    internal int Arrived => _arrived.Count;

    /// <summary>Messages that arrived more than once.</summary>
    internal int Duplicates => _arrived.Values.Count(epochs => epochs.Count > 1);

    /// <summary>Something was killed: what was in flight may arrive again.</summary>
    internal void OnKill() => _epoch++;

    internal int NextNumber() => Interlocked.Increment(ref _next);

    internal void OnAccepted(int number) => _accepted[number] = true;

    /// <summary>The connection broke before the reply: it may have been taken or not.</summary>
    internal void OnUnknown(int number) => _unknown[number] = true;

    internal void OnRefused(int number) => _refused[number] = true;

    internal void OnArrived(ReadOnlySpan<byte> content)
    {
        string text = Encoding.ASCII.GetString(content);
        int at = text.IndexOf("X-Number: ", StringComparison.Ordinal);
        Assert.True(at >= 0, text[..Math.Min(text.Length, 500)]);
        int end = text.IndexOf("\r\n", at, StringComparison.Ordinal);
        int number = int.Parse(text.AsSpan(at + 10, end - at - 10), CultureInfo.InvariantCulture);
        Assert.EndsWith(Content(number), text, StringComparison.Ordinal);
        List<int> epochs = _arrived.GetOrAdd(number, _ => []);
        lock (epochs)
        {
            epochs.Add(_epoch);
        }
    }

    /// <summary>A message's content, octet by octet the same each time. Each tenth is too large for the database.</summary>
    internal static string Content(int number)
    {
        byte[] seed = SHA256.HashData(BitConverter.GetBytes(number));
        string line = Convert.ToHexString(seed) + (number % 3 == 0 ? "\r\n." : string.Empty) + "\r\n";
        return $"X-Number: {number}\r\nFrom: <a@example.com>\r\nSubject: x\r\n\r\n{string.Concat(Enumerable.Repeat(line, number % 10 == 0 ? 1500 : 30))}";
    }

    /// <summary>
    /// Every message that was answered with 250 arrived; none that was refused or never sent did; and none arrived twice between two kills, which is all that
    /// may make a duplicate.
    /// </summary>
    internal void Check()
    {
        int[] lost = [.. _accepted.Keys.Where(n => !_arrived.ContainsKey(n)).Order()];
        Assert.True(lost.Length == 0, $"{lost.Length} of {_accepted.Count} lost: {string.Join(' ', lost.Take(20))}");
        Assert.DoesNotContain(_refused.Keys, _arrived.ContainsKey);
        Assert.All(_arrived.Keys, n => Assert.True(_accepted.ContainsKey(n) || _unknown.ContainsKey(n)));
        Assert.All(_arrived, pair => Assert.True(
            pair.Value.Count == pair.Value.Distinct().Count(), $"{pair.Key} arrived more than once without a kill between: {string.Join(' ', pair.Value)}"));
    }
}
