using System.Collections.Concurrent;
using DnsClient;
using DnsClient.Protocol;
using Microsoft.Data.Sqlite;

namespace Relay.Delivery;

/// <summary>
/// The policies that are known. One holds for its max_age whatever DNS and the policy host say meanwhile: who can suppress their answers must not be able
/// to switch the policy off (RFC 8461 §10.2), nor who can have the relay restarted: policies are kept in the store too.
/// </summary>
internal sealed class MtaStsCache(Func<string, CancellationToken, Task<string?>> fetch, TimeProvider time, DeliveryStore? store = null)
{
    // RFC 8461 §3.3: who could not be reached is left alone for a while.
    private static readonly TimeSpan FetchPause = TimeSpan.FromMinutes(5);

    // No max_age is longer (RFC 8461 §3.2).
    private static readonly TimeSpan LongestKept = TimeSpan.FromDays(366);
    private const int Capacity = 20_000;

    private readonly ConcurrentDictionary<string, Known> _known = new(StringComparer.Ordinal);

    /// <summary>A domain's policy; null if it has none.</summary>
    /// <param name="domain">The domain of the recipients.</param>
    /// <param name="dns">Where the record is asked for.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    internal async Task<MtaStsPolicy?> FindAsync(string domain, DnsLookup dns, CancellationToken cancellationToken)
    {
        if (!_known.TryGetValue(domain, out Known? known) && (known = Stored(domain)) is not null)
        {
            _known[domain] = known;
        }

        MtaStsPolicy? held = known?.Policy is { } p && time.GetElapsedTime(known.Since) < p.MaximumAge ? p : null;
        DnsAnswer answer = await dns.AskAsync("_mta-sts." + domain, QueryType.TXT, cancellationToken).ConfigureAwait(false);
        string? id = IdOf(answer);
        if (id is null || (held is not null && id == known!.Id) || (known?.Failed is { } failed && failed.Id == id && time.GetElapsedTime(failed.At) < FetchPause))
        {
            return held;
        }

        string? text = await fetch(domain, cancellationToken).ConfigureAwait(false);
        if (_known.Count > Capacity)
        {
            _known.Clear();
        }

        if (text is not null && MtaStsPolicy.TryParse(text, out MtaStsPolicy policy))
        {
            _known[domain] = new Known(id, policy, time.GetTimestamp(), null);
            Store(domain, id, text);
            return policy;
        }

        _known[domain] = new Known(known?.Id ?? string.Empty, held, known?.Since ?? 0, (id, time.GetTimestamp()));
        return held;
    }

    /// <summary>What was kept; as old as it is by the wall clock. One that is set back makes no policy older than new.</summary>
    private Known? Stored(string domain)
    {
        try
        {
            if (_known.IsEmpty)
            {
                store?.ForgetPoliciesBefore(time.GetUtcNow() - LongestKept);
            }

            if (store?.Policy(domain) is not { } kept || !MtaStsPolicy.TryParse(kept.Text, out MtaStsPolicy policy))
            {
                return null;
            }

            TimeSpan age = time.GetUtcNow() - kept.FetchedAt;
            TimeSpan left = policy.MaximumAge - (age < TimeSpan.Zero ? TimeSpan.Zero : age);
            return left > TimeSpan.Zero ? new Known(kept.Id, policy with { MaximumAge = left }, time.GetTimestamp(), null) : null;
        }
        catch (Exception error) when (error is SqliteException or InvalidOperationException)
        {
            // Then it is fetched.
            return null;
        }
    }

    private void Store(string domain, string id, string text)
    {
        try
        {
            store?.SetPolicy(domain, id, text, time.GetUtcNow());
        }
        catch (Exception error) when (error is SqliteException or InvalidOperationException)
        {
            // It holds in memory.
        }
    }

    /// <summary><c>v=STSv1; id=...</c>, one such record and no more (RFC 8461 §3.1).</summary>
    private static string? IdOf(DnsAnswer answer)
    {
        string[] records = [.. answer.Records.OfType<TxtRecord>().Select(r => string.Concat(r.Text)).Where(t => t.StartsWith("v=STSv1;", StringComparison.Ordinal))];
        return records is not [string record] ? null : record.Split(';', StringSplitOptions.TrimEntries)
            .FirstOrDefault(f => f.StartsWith("id=", StringComparison.Ordinal))?["id=".Length..].Trim();
    }

    private sealed record Known(string Id, MtaStsPolicy? Policy, long Since, (string Id, long At)? Failed);
}
