using System.Diagnostics.CodeAnalysis;
using Relay.Spool;

namespace Relay.Delivery;

/// <summary>
/// What goes to one site: a short queue of jobs, and connections that take from it, as many as the site bears. Whatever happens here, other sites have
/// queues and connections of their own.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "The semaphore has no wait handle, and so nothing to give back.")]
internal sealed class Site
{
    // So many failures in a row, with other connections still at work, mean that the site is down and not only busy.
    private const int FailuresToRest = 5;

    // A job that is put back more often is deferred: its site takes connections and no mail.
    private const int MaximumPutBacks = 3;

    private readonly ISiteOwner _owner;
    private readonly Lock _gate = new();
    private readonly FairQueue<Job> _queue = new();
    private readonly SemaphoreSlim _available = new(0);
    private readonly AdaptiveLimit _limit;
    private readonly SiteBackoff _backoff;
    private readonly Pacer _pacer;
    private readonly SiteOrders _orders;
    private MailPath _path;
    private volatile ShapingSettings _shaping;
    private int _connections;
    private int _open;
    private int _idle;
    private int _pending;
    private int _failuresInRow;
    private bool _passedOver;

    internal Site(MailPath path, ISiteOwner owner)
    {
        _owner = owner;
        _path = path;
        _shaping = path.Shaping;
        _orders = new SiteOrders(owner.Time);
        Key = path.Key;
        _limit = new AdaptiveLimit(path.Shaping.InitialConnections, path.Shaping.MaximumConnections);
        _backoff = new SiteBackoff(owner.Time);
        _pacer = new Pacer(owner.Time);
    }

    /// <summary>Its name.</summary>
    internal string Key { get; }

    /// <summary>The site, from whatever address.</summary>
    internal string Name => _path.Site;

    /// <summary>Whether nothing waits here and nothing is connected.</summary>
    internal bool IsIdle
    {
        get
        {
            lock (_gate)
            {
                return _pending == 0 && _connections == 0 && _backoff.State == SiteState.Open;
            }
        }
    }

    /// <summary>How many more jobs it takes.</summary>
    /// <param name="isBulk">Whether they can wait: a quarter of the room is kept for those that cannot.</param>
    internal int RoomFor(bool isBulk)
    {
        lock (_gate)
        {
            _backoff.TryWake();
            int room = Capacity(isBulk) - _pending;
            _passedOver |= room <= 0;
            return room;
        }
    }

    /// <summary>Leaves the site alone for a time.</summary>
    internal void Rest(TimeSpan time, string reason)
    {
        lock (_gate)
        {
            _backoff.Rest(time, reason, isOrdered: true);
        }

        _owner.OnSiteChanged(Key, _backoff);
    }

    /// <summary>Takes what a rule orders.</summary>
    internal void Obey(RuleOrder order)
    {
        lock (_gate)
        {
            _orders.Take(order);
            Reshape();
        }
    }

    /// <summary>Takes a job; starts a connection for it if the site bears another.</summary>
    internal void Add(Job job)
    {
        bool start;
        lock (_gate)
        {
            _path = job.Path;
            Reshape();
            _pending++;
            _queue.Add(job, job.Rank);
            start = ShouldStart();
            _connections += start ? 1 : 0;
        }

        _available.Release();
        if (start)
        {
            _ = Task.Run(WorkAsync);
        }
    }

    /// <summary>The settings of the moment under the orders of the moment.</summary>
    private void Reshape()
    {
        _shaping = _orders.Apply(_path.Shaping);
        _limit.Maximum = _shaping.MaximumConnections;
    }

    /// <summary>How many jobs a site takes with a number of connections.</summary>
    internal static int CapacityOf(int connections, bool isBulk)
    {
        int capacity = Math.Max(connections * 4, 8);
        return isBulk ? capacity * 3 / 4 : capacity;
    }

    private int Capacity(bool isBulk)
    {
        // Four jobs a connection keep it busy while more are leased. What is tried of a resting site costs nothing but the store's work.
        int capacity = _backoff.State == SiteState.Probing ? 2 : CapacityOf(_limit.Value, isBulk: false);
        if (_shaping.MessagesPerSecond is { } pace)
        {
            // More would only wait here, where an operator cannot reach it.
            capacity = Math.Min(capacity, Math.Max(2, _shaping.Burst + (int)(pace * 5)));
        }

        return isBulk ? Math.Max(1, capacity * 3 / 4) : capacity;
    }

    private bool ShouldStart()
    {
        int most = _backoff.State == SiteState.Open ? _limit.Value : 1;
        return _queue.Count > _idle && _connections < most && _owner.TryTakeConnection(_connections);
    }

    /// <summary>
    /// One connection's life: (1) takes a job, (2) lets it go where the site rests, (3) connects, (4) keeps the pace, (5) sends, (6) goes on or ends.
    /// </summary>
    private async Task WorkAsync()
    {
        SiteConnection? connection = null;
        bool isOpen = false;
        try
        {
            while (true)
            {
                // (1)
                if (await TakeAsync(connection).ConfigureAwait(false) is not { } job)
                {
                    return;
                }

                // (2)
                if (_owner.IsStopping)
                {
                    End(job, Untried(job));
                    continue;
                }

                if (Resting(job.MustTry) is { } why)
                {
                    End(job, Suspended(job, why.Reason, why.Remaining));
                    continue;
                }

                // (3)
                if (connection is not null && (!connection.Connection.IsUsable || connection.Uses >= _path.Shaping.MessagesPerConnection))
                {
                    await CloseAsync().ConfigureAwait(false);
                }

                bool isReused = connection is not null;
                if (connection is null)
                {
                    Opening opening = await _owner.OpenAsync(job.Path).ConfigureAwait(false);
                    if (opening.Connection is null)
                    {
                        if (!OnUnopened(job, opening))
                        {
                            return;
                        }

                        continue;
                    }

                    connection = opening.Connection;
                    isOpen = true;
                    Interlocked.Increment(ref _open);
                }

                // (4)
                if (_shaping is { MessagesPerSecond: { } pace } shaping)
                {
                    await PaceAsync(pace, shaping.Burst).ConfigureAwait(false);
                }

                // (5)
                Fate[] fates = await _owner.SendAsync(connection, job).ConfigureAwait(false);

                // (6)
                if (isReused && !connection.Connection.IsUsable && IsStale(fates) && job.PutBacks++ < MaximumPutBacks)
                {
                    // The host closed a connection that had nothing to do for a while, which is its right; the message had no part in it.
                    await CloseAsync().ConfigureAwait(false);
                    PutBack(job);
                    continue;
                }

                OnSent(fates);
                _owner.Judge(this, job, fates);
                End(job, fates);
            }
        }
        finally
        {
            await CloseAsync().ConfigureAwait(false);
            Leave();
        }

        async ValueTask CloseAsync()
        {
            if (connection is { } closing)
            {
                connection = null;
                Interlocked.Add(ref _open, isOpen ? -1 : 0);
                isOpen = false;
                await closing.DisposeAsync().ConfigureAwait(false);
            }
        }
    }

    private async ValueTask<Job?> TakeAsync(SiteConnection? connection)
    {
        while (true)
        {
            lock (_gate)
            {
                Reshape();
                int most = _backoff.State == SiteState.Open ? _limit.Value : 1;
                if (_connections > most)
                {
                    // The others go on; should all see it at once, the last to leave begins anew.
                    return null;
                }

                if (_queue.TryTake(out Job? job))
                {
                    _available.Wait(0);
                    return job;
                }

                _idle++;
            }

            bool came;
            try
            {
                TimeSpan patience = connection is { Connection.IsUsable: true } && !_owner.IsStopping ? _path.Shaping.IdleTime : TimeSpan.Zero;
                came = await _available.WaitAsync(patience).ConfigureAwait(false);
            }
            finally
            {
                lock (_gate)
                {
                    _idle--;
                }
            }

            lock (_gate)
            {
                if (_queue.TryTake(out Job? job))
                {
                    return job;
                }

                if (!came)
                {
                    return null;
                }
            }
        }
    }

    /// <summary>The worker is gone; if work came while it went, another one begins.</summary>
    private void Leave()
    {
        bool start;
        lock (_gate)
        {
            _connections--;
            _owner.ReturnConnection();
            start = ShouldStart();
            _connections += start ? 1 : 0;
        }

        if (start)
        {
            _ = Task.Run(WorkAsync);
        }
    }

    /// <returns>Whether the worker goes on.</returns>
    private bool OnUnopened(Job job, Opening opening)
    {
        bool othersWork;
        bool rests = false;
        lock (_gate)
        {
            othersWork = _open > 0 && _backoff.State == SiteState.Open && ++_failuresInRow < FailuresToRest;
            _limit.Lower(_open);
            if (!othersWork && !_owner.IsStopping)
            {
                _backoff.OnFailure(job.Path.Shaping, Describe(opening), _owner.Random);
                rests = true;
            }
        }

        if (rests)
        {
            _owner.OnSiteChanged(Key, _backoff);
        }

        if (othersWork && job.PutBacks++ < MaximumPutBacks)
        {
            // The site takes no more connections than it has: the message goes over one of them.
            PutBack(job);
            return false;
        }

        var fates = new Fate[job.Lease.Recipients.Count];
        Array.Fill(fates, Fate.Failed(opening.Failure, opening.Reply) with { Stage = opening.Stage });
        _owner.Judge(this, job, fates);
        End(job, fates);
        return true;
    }

    private void OnSent(Fate[] fates)
    {
        bool isRecovered = false;
        TimeSpan rest = TimeSpan.Zero;
        string reason = string.Empty;
        lock (_gate)
        {
            bool isSiteWide = false;
            bool wasHeard = false;
            foreach (Fate fate in fates)
            {
                isSiteWide |= fate.Failure.IsSiteWide;
                wasHeard |= fate.Reply.Code != 0;
                reason = fate.Failure.IsSiteWide ? fate.Reply.Text : reason;
            }

            if (isSiteWide)
            {
                _limit.OnFailure();
                if (++_failuresInRow >= FailuresToRest)
                {
                    _backoff.OnFailure(_path.Shaping, reason, _owner.Random);
                    rest = _backoff.Remaining;
                    _failuresInRow = 0;
                }
            }
            else if (wasHeard)
            {
                _failuresInRow = 0;
                _limit.OnSuccess();
                isRecovered = _backoff.OnSuccess();
            }
        }

        if (isRecovered || rest > TimeSpan.Zero)
        {
            _owner.OnSiteChanged(Key, _backoff);
        }

        if (isRecovered)
        {
            _owner.OnRoom();
        }
    }

    private void PutBack(Job job)
    {
        lock (_gate)
        {
            _queue.Add(job, FairQueue<Job>.Ranks - 1);
        }

        _available.Release();
    }

    private void End(Job job, Fate[] fates)
    {
        bool hasRoom;
        lock (_gate)
        {
            _pending--;
            hasRoom = _passedOver && _pending <= Capacity(isBulk: true) / 2;
            _passedOver &= !hasRoom;
        }

        _owner.End(job, fates);
        if (hasRoom)
        {
            _owner.OnRoom();
        }
    }

    private (string Reason, TimeSpan Remaining)? Resting(bool mustTry)
    {
        lock (_gate)
        {
            if (!_backoff.TryWake() && mustTry)
            {
                _backoff.Probe();
            }

            return _backoff.State == SiteState.Resting ? (_backoff.Reason, _backoff.Remaining) : null;
        }
    }

    private async Task PaceAsync(double pace, int burst)
    {
        TimeSpan wait;
        lock (_gate)
        {
            wait = _pacer.Take(pace, burst);
        }

        if (wait > TimeSpan.Zero)
        {
            try
            {
                await Task.Delay(wait, _owner.Time, _owner.Aborting).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                // The send that follows says so.
            }
        }
    }

    /// <summary>Nothing was said to the message but that the connection is over.</summary>
    private static bool IsStale(Fate[] fates) => Array.TrueForAll(
        fates, f => f.State == RecipientState.Queued && f.WasAttempted && !f.IsUncertain && f.Reply.Code is 0 or 421 && f.Failure.Reason is not (BounceReason.Protocol or BounceReason.Poison));

    /// <summary>An attempt of the message's, though no connection was made: so it grows old, and its sender hears of it, as if one had been.</summary>
    private static Fate[] Suspended(Job job, string reason, TimeSpan remaining)
    {
        var fates = new Fate[job.Lease.Recipients.Count];
        Array.Fill(fates, Fate.Failed(
            ReplyClassifier.Soft(BounceReason.Network, 4, 1, isSiteWide: false), new RecipientReply(0, "4.4.1", $"Not tried, as the site is left alone for a while: {reason}", string.Empty)) with
        {
            NotBefore = remaining,
        });
        return fates;
    }

    private static Fate[] Untried(Job job) => [.. job.Lease.Recipients.Select(r => Fate.Untried(r.LastReply))];

    private static string Describe(Opening opening) =>
        (opening.Reply.Host + ": " + (opening.Reply.Code == 0 ? string.Empty : opening.Reply.Code + " ") + opening.Reply.Text).TrimStart(':', ' ');
}
