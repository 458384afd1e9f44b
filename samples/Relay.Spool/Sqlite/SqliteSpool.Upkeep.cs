namespace Relay.Spool;

/// <summary>Recovery at the start, and what is done now and then.</summary>
public sealed partial class SqliteSpool
{
    private const int UpkeepEvery = 60;
    private const int RetentionBatch = 200;

    // Less is not worth the writing: it is a wait that is longer by that much, once.
    private static readonly TimeSpan LeastSetBack = TimeSpan.FromMinutes(1);

    private long _ticks;
    private long _upkeeps;

    /// <summary>How often the upkeep of a minute has ended well.</summary>
    internal long Upkeeps => Interlocked.Read(ref _upkeeps);

    /// <summary>Takes back the leases of a dead owner, and reads the agenda. Called once, before anybody leases.</summary>
    private void Recover()
    {
        if (!_options.IsOwner)
        {
            return;
        }

        long last = RunAsync(new DelegateItem<long>(writer => writer.Connection["SELECT max(lease) FROM recipients INDEXED BY leased WHERE state = 2"].Scalar() ?? 0)).AsTask().GetAwaiter().GetResult();
        long recovered = 0;
        for (long batch = -1; batch != 0; recovered += batch)
        {
            batch = RunAsync(new RecoverItem(all: true)).AsTask().GetAwaiter().GetResult();
        }

        if (recovered > 0)
        {
            SpoolLog.LeasesRecovered(_options.Logger, recovered);
        }

        PlaceStraysAsync().AsTask().GetAwaiter().GetResult();

        // Tokens go on above all that a dead owner may have given.
        _ = RunAsync(new DelegateItem<bool>(writer =>
        {
            writer.LastToken = Math.Max(last, writer.NowMilliseconds << 12);
            FollowClock(writer);
            _ = writer.WasChangedByOthers();
            writer.Agenda.Load(writer.Connection);
            writer.HasNewWork = true;
            return true;
        })).AsTask().GetAwaiter().GetResult();
        _timer = _clock.CreateTimer(static state => ((SqliteSpool)state!).Tick(), this, TickInterval, TickInterval);
        DateTime before = DateTime.UtcNow - TimeSpan.FromMinutes(1);
        _ = Task.Run(() => RemoveOrphans(before));
    }

    /// <summary>
    /// What waits is moved back with a clock that was set back while nobody ran: it waits as long as it would have, and not as long as the clock is behind
    /// besides. What its sender scheduled stays, as that is the clock's time. A clock that was set ahead cannot be told from a time in which nobody ran.
    /// </summary>
    private void FollowClock(SpoolWriter writer)
    {
        long? last = writer.Connection["SELECT at FROM events ORDER BY id DESC LIMIT 1"].Scalar();
        long behind = (last ?? 0) - writer.NowMilliseconds;
        if (behind > LeastSetBack.TotalMilliseconds)
        {
            int moved = writer.Connection["UPDATE recipients SET next_at = next_at - ?1 WHERE state = 1"].Bind(1, behind).Execute();
            SpoolLog.ClockWasSetBack(_options.Logger, behind / 1000.0, moved);
        }
    }

    private void Tick()
    {
        if (Interlocked.Exchange(ref _ticksPending, 1) == 1)
        {
            return;
        }

        bool isUpkeep = Interlocked.Increment(ref _ticks) % UpkeepEvery == 0;
        ObserveAsync(RunAsync(new TickItem()).AsTask(), isUpkeep);
    }

    private async void ObserveAsync(Task tick, bool isUpkeep)
    {
        try
        {
            await tick.ConfigureAwait(false);
            _ = await RunAsync(new RecoverItem(all: false)).ConfigureAwait(false);
            if (isUpkeep)
            {
                await PlaceStraysAsync().ConfigureAwait(false);
                await RemoveOldAsync().ConfigureAwait(false);
                Interlocked.Increment(ref _upkeeps);
            }
        }
        catch (Exception error)
        {
            // Whatever it is: nobody awaits this, so that an exception would end the process, and again after its next start.
            if (error is not ObjectDisposedException)
            {
                SpoolLog.UpkeepFailed(_options.Logger, error);
            }
        }
        finally
        {
            Volatile.Write(ref _ticksPending, 0);
        }
    }

    /// <summary>Gives recipients whose lane is missing a lane again, in groups: nothing would ever be due in it.</summary>
    private async ValueTask PlaceStraysAsync()
    {
        int found = 0;
        while (_readers.Read(Stray.Find) is { Count: > 0 } strays)
        {
            await RunAsync(new DelegateItem<bool>(writer =>
            {
                // It may know lanes whose rows are gone.
                writer.Agenda.Clear();
                Stray.Place(writer, _files, strays);
                return true;
            })).ConfigureAwait(false);
            found += strays.Count;
        }

        if (found > 0)
        {
            SpoolLog.StraysFound(_options.Logger, found);
        }
    }

    /// <summary>Removes messages that were done long ago, in groups, and recipients whose message's row was lost.</summary>
    private async ValueTask RemoveOldAsync()
    {
        long before = MessageId.FirstKey(_clock.GetUtcNow() - _options.Retention);
        while (true)
        {
            List<long> old = _readers.Read(connection =>
            {
                List<long> keys = [];
                Statement rows = connection[
                    """
                    SELECT key FROM messages WHERE key < ?1 AND open <= 0
                    UNION ALL SELECT DISTINCT message FROM recipients r WHERE message < ?1 AND state >= 4 AND NOT EXISTS (SELECT 1 FROM messages WHERE key = r.message) LIMIT ?2
                    """].Bind(1, before).Bind(2, RetentionBatch);
                while (rows.Step())
                {
                    keys.Add(rows.GetInt64(0));
                }

                return keys;
            });
            if (old.Count == 0)
            {
                return;
            }

            if (await RunAsync(new PurgeItem(old, _files)).ConfigureAwait(false) == 0)
            {
                return;
            }
        }
    }

    /// <summary>Removes files that no row names: of messages whose submitter, or the process, was gone before the commit.</summary>
    private void RemoveOrphans(DateTime before)
    {
        int removed = 0;
        try
        {
            foreach ((MessageId id, string path) in _files.Orphans(before))
            {
                bool isKnown = _readers.Read(c => c["SELECT 1 FROM messages WHERE key = ?1 AND tail = ?2 AND place = 2"].Bind(1, id.Key).Bind(2, id.Tail).Scalar() is not null);
                if (isKnown)
                {
                    continue;
                }

                if (_readers.Read(c => c["SELECT 1 FROM recipients WHERE message = ?1 AND NOT EXISTS (SELECT 1 FROM messages WHERE key = ?1)"].Bind(1, id.Key).Scalar() is not null))
                {
                    // It was promised, and its row is lost: it is all that is left of it.
                    _files.MoveAside(id, default);
                }
                else
                {
                    BodyFiles.Remove(path);
                    removed++;
                }
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or SpoolException or ObjectDisposedException)
        {
            SpoolLog.UpkeepFailed(_options.Logger, error);
        }

        if (removed > 0)
        {
            SpoolLog.OrphansRemoved(_options.Logger, removed);
        }
    }
}
