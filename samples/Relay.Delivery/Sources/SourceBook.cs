using Microsoft.Extensions.Logging;

namespace Relay.Delivery;

/// <summary>
/// Chooses the address that a message leaves from: those of its pool in turn, but for those that have sent their share of the day to the site, or that a rule
/// has set aside for it. Counts are noted before the message is sent, and survive a restart. Thread-safe.
/// </summary>
internal sealed class SourceBook
{
    private readonly DeliveryStore _store;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Lock _gate = new();
    private readonly Dictionary<(string Source, string Site), int> _sent = [];
    private readonly Dictionary<(string Source, string Site), DateTimeOffset> _asides;
    private DateOnly _day;
    private uint _turn;

    internal SourceBook(DeliveryStore store, TimeProvider time, ILogger logger)
    {
        _store = store;
        _time = time;
        _logger = logger;
        _asides = store.Asides(time.GetUtcNow());
    }

    /// <summary>Chooses an address, and counts the message against its share.</summary>
    /// <param name="pool">The addresses.</param>
    /// <param name="site">The site.</param>
    /// <param name="resolution">Its hosts.</param>
    /// <param name="messages">How many messages it will see.</param>
    /// <param name="deferral">Why there is none, and until when.</param>
    /// <returns>The address; null if none may be used now.</returns>
    internal SourceSettings? Choose(IReadOnlyList<SourceSettings> pool, string site, Resolution resolution, int messages, out Fate deferral)
    {
        lock (_gate)
        {
            DateTimeOffset now = _time.GetUtcNow();
            DateOnly today = Today(now);
            DateTimeOffset? until = null;
            string why = "no source address of the pool is of a family that the site has";
            uint turn = _turn++;
            for (uint i = 0; i < pool.Count; i++)
            {
                SourceSettings source = pool[(int)((turn + i) % (uint)pool.Count)];
                if (!Reaches(source, resolution))
                {
                    continue;
                }

                (DateTimeOffset Until, string Why)? obstacle = Obstacle(source, site, messages, now, today);
                if (obstacle is null)
                {
                    if (source.MessagesPerDay is not null)
                    {
                        Count(source, site, today, messages);
                    }

                    deferral = default;
                    return source;
                }

                if (until is null || obstacle.Value.Until < until)
                {
                    (until, why) = obstacle.Value;
                }
            }

            var failure = ReplyClassifier.Soft(until is null ? BounceReason.Network : BounceReason.RateLimit, 4, 4, isSiteWide: false);
            deferral = Fate.Failed(failure, Replies.Own(failure.Status, $"Not tried: {why}")) with { NotBefore = until is { } end ? end - now : TimeSpan.Zero };
            return null;
        }
    }

    /// <summary>Gives back what was counted for a message that was not sent.</summary>
    internal void GiveBack(SourceSettings source, string site, int messages)
    {
        lock (_gate)
        {
            DateOnly today = Today(_time.GetUtcNow());
            if (source.MessagesPerDay is not null && Sent(source, site, today) >= messages)
            {
                Count(source, site, today, -messages);
            }
        }
    }

    /// <summary>Sets an address aside for a site. A longer time that was set before stays.</summary>
    internal void SetAside(SourceSettings source, string site, TimeSpan time)
    {
        lock (_gate)
        {
            DateTimeOffset until = _time.GetUtcNow() + time;
            if (_asides.TryGetValue((source.Name, site), out DateTimeOffset held) && held >= until)
            {
                return;
            }

            _asides[(source.Name, site)] = until;
            Note(() => _store.SetAside(source.Name, site, until));
        }
    }

    private static bool Reaches(SourceSettings source, Resolution resolution)
    {
        foreach (MailHost host in resolution.Hosts)
        {
            foreach (System.Net.IPAddress address in host.Addresses)
            {
                if (source.Of(address.AddressFamily) is not null)
                {
                    return true;
                }
            }
        }

        return false;
    }

    private (DateTimeOffset Until, string Why)? Obstacle(SourceSettings source, string site, int messages, DateTimeOffset now, DateOnly today)
    {
        if (_asides.TryGetValue((source.Name, site), out DateTimeOffset aside))
        {
            if (aside > now)
            {
                return (aside, $"a rule has set {source.Name} aside for this site");
            }

            _asides.Remove((source.Name, site));
        }

        // A message that is too much for a whole day goes as the day's first.
        return source.CapOn(today) is { } cap && Sent(source, site, today) is var sent && sent + messages > cap && (sent > 0 || cap == 0)
            ? (new DateTimeOffset(today.AddDays(1).ToDateTime(TimeOnly.MinValue), TimeSpan.Zero), $"{source.Name} has sent its {cap} messages of the day to this site")
            : null;
    }

    private DateOnly Today(DateTimeOffset now)
    {
        var today = DateOnly.FromDateTime(now.UtcDateTime);
        if (today != _day)
        {
            _day = today;
            _sent.Clear();
            Note(() => _store.ForgetSentBefore(today));
        }

        return today;
    }

    private int Sent(SourceSettings source, string site, DateOnly today)
    {
        if (!_sent.TryGetValue((source.Name, site), out int sent))
        {
            Note(() => sent = _store.Sent(source.Name, site, today));
            _sent[(source.Name, site)] = sent;
        }

        return sent;
    }

    private void Count(SourceSettings source, string site, DateOnly today, int messages)
    {
        int sent = _sent[(source.Name, site)] = Sent(source, site, today) + messages;
        Note(() => _store.SetSent(source.Name, site, today, sent));
    }

    /// <summary>What cannot be noted holds in memory until a restart: mail goes on.</summary>
    private void Note(Action note)
    {
        try
        {
            note();
        }
        catch (Exception error) when (error is Microsoft.Data.Sqlite.SqliteException or InvalidOperationException)
        {
            DeliveryLog.NotNoted(_logger, error.Message);
        }
    }
}
