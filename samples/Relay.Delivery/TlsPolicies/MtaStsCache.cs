using System.Collections.Concurrent;
using DnsClient;
using DnsClient.Protocol;

namespace Relay.Delivery;

/// <summary>
/// The policies that are known. One holds for its max_age whatever DNS and the policy host say meanwhile: who can suppress their answers must not be able
/// to switch the policy off (RFC 8461 §10.2). In memory: a restart learns anew.
/// </summary>
internal sealed class MtaStsCache(Func<string, CancellationToken, Task<string?>> fetch, TimeProvider time)
{
    // RFC 8461 §3.3: who could not be reached is left alone for a while.
    private static readonly TimeSpan FetchPause = TimeSpan.FromMinutes(5);
    private const int Capacity = 20_000;

    private readonly ConcurrentDictionary<string, Known> _known = new(StringComparer.Ordinal);

    /// <summary>A domain's policy; null if it has none.</summary>
    /// <param name="domain">The domain of the recipients.</param>
    /// <param name="dns">Where the record is asked for.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    internal async Task<MtaStsPolicy?> FindAsync(string domain, DnsLookup dns, CancellationToken cancellationToken)
    {
        Known? known = _known.GetValueOrDefault(domain);
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
            return policy;
        }

        _known[domain] = new Known(known?.Id ?? string.Empty, held, known?.Since ?? 0, (id, time.GetTimestamp()));
        return held;
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
