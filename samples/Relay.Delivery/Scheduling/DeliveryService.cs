using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Relay.Spool;
using Smtp.Core;

namespace Relay.Delivery;

/// <summary>
/// Delivers what the spool has due: leases in groups, finds each lease's way, hands it to its site, and stores what became of it. The spool decides what is
/// next, fairly among destinations; a site decides how much it bears. Start once, stop once.
/// </summary>
public sealed partial class DeliveryService : IAsyncDisposable
{
    // Longer than any attempt: a lease of a process that died is taken back at the start of the next one anyway.
    private static readonly TimeSpan LeaseTime = TimeSpan.FromHours(2);

    // Claims of 50 cost a fraction of claims of one.
    private const int LeasesAtOnce = 50;

    private const int MaximumSites = 20_000;

    private readonly ISpool _spool;
    private readonly ILogger _logger;
    private readonly DkimKeys _keys;
    private readonly RulesFile _rules;
    private readonly DeliveryStore _store;
    private readonly SourceBook _sources;
    private readonly PathPlanner _planner;
    private readonly ConnectionOpener _opener;
    private readonly Booking _booking;
    private readonly SiteOwner _owner;
    private readonly ConcurrentDictionary<string, Site> _sites = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<(string Destination, string Stream), Site[]> _sitesOf = new();
    private readonly ConcurrentDictionary<string, int> _unplaced = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<MessageId, int> _crashes = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly CancellationTokenSource _aborting = new();
    private readonly SemaphoreSlim _room = new(0);
    private readonly TaskCompletionSource _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile DeliverySettings _settings;
    private Task? _leasing;
    private int _inFlight;
    private int _connections;

    /// <summary>Makes the service.</summary>
    /// <param name="spool">The queue.</param>
    /// <param name="settings">How mail leaves.</param>
    /// <param name="loggers">Where logs go.</param>
    /// <exception cref="DkimKeyException">A key cannot be loaded.</exception>
    /// <exception cref="DeliveryRulesException">The rules file is wrong.</exception>
    /// <exception cref="Microsoft.Data.Sqlite.SqliteException">The store cannot be opened.</exception>
    public DeliveryService(ISpool spool, DeliverySettings settings, ILoggerFactory loggers)
    {
        ArgumentNullException.ThrowIfNull(spool);
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(loggers);
        _spool = spool;
        _settings = settings;
        _logger = loggers.CreateLogger("Relay.Delivery");
        _keys = new DkimKeys(settings.Dkim, spool.Clock, _logger);
        _rules = new RulesFile(settings.RulesPath, spool.Clock, _logger);
        _store = new DeliveryStore(settings.StorePath);
        foreach ((string site, TimeSpan left, string reason) in _store.Suspensions(spool.Clock.GetUtcNow()))
        {
            _suspended[site] = (spool.Clock.GetTimestamp(), left, reason);
        }

        _sources = new SourceBook(_store, spool.Clock, _logger);
        Inbound = new InboundReports(spool, () => _settings, _logger);
        _planner = new PathPlanner(() => _settings, spool.Clock, _store);
        _opener = new ConnectionOpener(() => _settings, spool.Clock, loggers, Random.Shared);
        _booking = new Booking(spool, () => _settings, Metrics, _logger, Random.Shared);
        _owner = new SiteOwner(this, new Transmission(spool, new MessageSigner(_keys, settings.HostName), () => _settings, _logger));
    }

    /// <summary>What is counted.</summary>
    public DeliveryMetrics Metrics { get; } = new();

    /// <summary>What comes back to return paths.</summary>
    public InboundReports Inbound { get; }

    /// <summary>How mail leaves now.</summary>
    public DeliverySettings Settings => _settings;

    /// <summary>How many leases are in memory.</summary>
    public int InFlight => Volatile.Read(ref _inFlight);

    /// <summary>Begins to deliver.</summary>
    public void Start() => _leasing ??= Task.Run(LeaseAsync);

    /// <summary>Takes other settings. They hold for what is queued already, from the next attempt on.</summary>
    /// <exception cref="DkimKeyException">A key cannot be loaded; the settings so far stay.</exception>
    /// <exception cref="DeliveryRulesException">The rules file is wrong; the settings so far stay.</exception>
    public void Configure(DeliverySettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        _rules.Replace(settings.RulesPath);
        _keys.Replace(settings.Dkim);
        _settings = settings;
        _owner.OnRoom();
    }

    /// <summary>
    /// Leases nothing more, gives back what waits, and waits for what is being sent as long as the settings' grace time; then breaks it off. What was broken
    /// off stays in the queue.
    /// </summary>
    /// <param name="cancellationToken">Ends the grace early.</param>
    public async Task StopAsync(CancellationToken cancellationToken = default)
    {
        if (_leasing is null)
        {
            return;
        }

        await _stopping.CancelAsync().ConfigureAwait(false);
        await _leasing.ConfigureAwait(false);
        if (InFlight == 0)
        {
            _drained.TrySetResult();
        }

        try
        {
            await _drained.Task.WaitAsync(_settings.GraceTime, _spool.Clock, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception error) when (error is TimeoutException or OperationCanceledException)
        {
            DeliveryLog.StoppedHard(_logger, InFlight);
            await _aborting.CancelAsync().ConfigureAwait(false);
            try
            {
                // What is broken off is stored as such, in no time; but a store that fails is not waited for.
                await _drained.Task.WaitAsync(TimeSpan.FromSeconds(5), _spool.Clock, CancellationToken.None).ConfigureAwait(false);
            }
            catch (TimeoutException)
            {
                // Its leases are taken back at the next start.
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await StopAsync(new CancellationToken(canceled: true)).ConfigureAwait(false);
        await _aborting.CancelAsync().ConfigureAwait(false);
        _rules.Dispose();
        _store.Dispose();
        Metrics.Dispose();
    }

    private async Task LeaseAsync()
    {
        Task? work = null;
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                int room = Math.Min(LeasesAtOnce, _settings.MaximumInFlight - InFlight);
                IReadOnlyList<Lease> leases = room <= 0 ? [] : await _spool.LeaseAsync(
                    new LeaseRequest { Maximum = room, Duration = LeaseTime, RoomFor = RoomFor }, _stopping.Token).ConfigureAwait(false);
                foreach (Lease lease in leases)
                {
                    Interlocked.Increment(ref _inFlight);
                    Dispatch(lease);
                }

                if (leases.Count == 0)
                {
                    // A wait that is under way is kept: what it would have told is not to be missed.
                    work ??= _spool.WaitForWorkAsync(_stopping.Token).AsTask();
                    Task space = _room.WaitAsync(_stopping.Token);
                    await Task.WhenAny(work, space).ConfigureAwait(false);
                    if (work.IsCompleted)
                    {
                        await work.ConfigureAwait(false);
                        work = null;
                    }

                    if (!space.IsCompleted)
                    {
                        // The wait takes the next signal that comes, so that it must not be forgotten: it is given one.
                        _room.Release();
                        await space.ConfigureAwait(false);
                    }
                }
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (Exception error)
            {
                // Whatever it is: a relay that leases no more delivers no more, and says nothing.
                if (error is SpoolException)
                {
                    DeliveryLog.NotLeased(_logger, error.Message);
                }
                else
                {
                    DeliveryLog.LeasingBroke(_logger, error);
                }

                work = null;
                try
                {
                    await Task.Delay(TimeSpan.FromSeconds(1), _spool.Clock, _stopping.Token).ConfigureAwait(false);
                }
                catch (OperationCanceledException)
                {
                    return;
                }
            }
        }
    }

    /// <summary>Called on the spool's writer: looks only at what is in memory.</summary>
    private int RoomFor(string destination, string stream)
    {
        bool isBulk = stream == MessageFacts.BulkStream;
        int room = _settings.MaximumInFlight - InFlight;
        if (isBulk)
        {
            // The last fifth is for mail that somebody waits for.
            room -= _settings.MaximumInFlight / 5;
        }

        if (room <= 0)
        {
            return 0;
        }

        if (!_sitesOf.TryGetValue((destination, stream), out Site[]? sites))
        {
            // Its site will be known in a moment; until then it gets what a new site would take.
            return Math.Max(0, Math.Min(room, Site.CapacityOf(_settings.Shaping.InitialConnections, isBulk) - _unplaced.GetValueOrDefault(destination)));
        }

        // From several addresses it is several sites. Which one a message goes by is not known yet: what one has too much of, another has to have room for.
        int free = 0;
        foreach (Site site in sites)
        {
            free += site.RoomFor(isBulk);
        }

        return Math.Clamp(free, 0, room);
    }

    /// <summary>
    /// Hands a lease to its site: (1) what is not to be sent at all, (2) its way, (3) its site. Completes at once where the way is known.
    /// </summary>
    private void Dispatch(Lease lease)
    {
        ValueTask<Job?> planning;
        try
        {
            planning = PlanAsync(lease);
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            OnCrash(lease, error);
            return;
        }

        if (planning.IsCompletedSuccessfully)
        {
            Hand(planning.Result);
            return;
        }

        _unplaced.AddOrUpdate(lease.Destination, 1, static (_, n) => n + 1);
        _ = AwaitAsync();

        async Task AwaitAsync()
        {
            try
            {
                Job? job = await planning.ConfigureAwait(false);
                Hand(job);
            }
            catch (OperationCanceledException)
            {
                End(lease, [.. lease.Recipients.Select(r => Fate.Untried(r.LastReply))]);
            }
            catch (Exception error)
            {
                OnCrash(lease, error);
            }
            finally
            {
                if (_unplaced.AddOrUpdate(lease.Destination, 0, static (_, n) => n - 1) <= 0)
                {
                    _unplaced.TryRemove(new KeyValuePair<string, int>(lease.Destination, 0));
                    _owner.OnRoom();
                }
            }
        }
    }

    private void Hand(Job? job)
    {
        if (job is null)
        {
            return;
        }

        if (_sitesOf.Count > MaximumSites)
        {
            Forget();
        }

        Site site = _sites.GetOrAdd(job.Path.Key, static (_, args) => args.Service.Create(args.Path), (job.Path, Service: this));
        (string, string) lane = (job.Lease.Destination, job.Lease.Message.Facts.Stream);
        if (!_sitesOf.TryGetValue(lane, out Site[]? sites) || Array.IndexOf(sites, site) < 0)
        {
            // Where the destination has moved to other hosts, only the new ones count.
            _sitesOf[lane] = [site, .. (sites ?? []).Where(s => s.Name == site.Name && s.Key != site.Key)];
        }

        site.Add(job);
    }

    /// <returns>Null if the lease has ended.</returns>
    private async ValueTask<Job?> PlanAsync(Lease lease)
    {
        // (1)
        if (lease.Unreadable is { } why)
        {
            End(lease, [.. lease.Recipients.Select(_ => Fate.Quarantined(why))]);
            return null;
        }

        if (await RefuseAsync(lease).ConfigureAwait(false) is { } refused)
        {
            End(lease, refused);
            return null;
        }

        // (2)
        MailPath path = await _planner.PlanAsync(lease.Destination, lease.Message.Facts.RequireTls, _aborting.Token).ConfigureAwait(false);
        if (path.Resolution.Status == ResolutionStatus.Found)
        {
            return Depart(lease, path) is { } departing ? new Job(lease, departing) : null;
        }

        var fates = new Fate[lease.Recipients.Count];
        Array.Fill(fates, Fate.Failed(ReplyClassifier.Of(path.Resolution), Replies.Own(path.Resolution.Code, path.Resolution.Text)));
        End(lease, fates);
        return null;
    }

    /// <summary>What is not to be sent: returned by an operator, suppressed, or a test. Null if something is; the rest of such a lease waits a moment.</summary>
    private async ValueTask<Fate[]?> RefuseAsync(Lease lease)
    {
        Fate[]? fates = null;
        for (int i = 0; i < lease.Recipients.Count; i++)
        {
            StoredRecipient recipient = lease.Recipients[i];
            Fate? fate = null;
            if (recipient.MustBounce)
            {
                fate = Fate.Failed(
                    new Classification(true, BounceReason.Policy, new EnhancedStatus(5, 7, 0), false, false),
                    recipient.LastReply.Code != 0 ? recipient.LastReply
                        : Replies.Own(new EnhancedStatus(5, 7, 0), recipient.LastReply.Text.Length > 0 ? recipient.LastReply.Text : "Returned by the operator of the mail system"));
            }
            else if (await _spool.Suppressions.FindAsync(recipient.ForwardPath, _aborting.Token).ConfigureAwait(false) is { } suppression)
            {
                fate = new Fate(
                    RecipientState.Suppressed,
                    Replies.Own(new EnhancedStatus(5, 7, 1), $"The address is suppressed since {suppression.At:yyyy-MM-dd} ({suppression.Reason}) {suppression.Detail}".TrimEnd()),
                    new Classification(true, BounceReason.Suppressed, new EnhancedStatus(5, 7, 1), false, false));
            }
            else if (lease.Message.Facts.IsTest)
            {
                fate = Fate.Delivered(Replies.Own(new EnhancedStatus(2, 0, 0), "A test: not sent"), leavesDsn: false);
            }

            if (fate is { } found)
            {
                fates ??= [.. lease.Recipients.Select(r => Fate.Untried(r.LastReply))];
                fates[i] = found;
            }
        }

        return fates;
    }

    /// <summary>Ends a lease; its end is stored in the background.</summary>
    private void End(Lease lease, Fate[] fates) => _ = EndAsync(lease, fates);

    private async Task EndAsync(Lease lease, Fate[] fates)
    {
        try
        {
            await _booking.CompleteAsync(lease, fates, _aborting.Token).ConfigureAwait(false);
            if (!_crashes.IsEmpty && !Array.Exists(fates, f => f.Failure.Reason == BounceReason.Poison))
            {
                _crashes.TryRemove(lease.Message.Id, out _);
            }
        }
        catch (OperationCanceledException)
        {
            // The process ends and the store does not work: the lease is taken back at the next start.
        }
        catch (Exception error)
        {
            // A defect. The lease runs out, and counts as one that broke the program.
            DeliveryLog.Crashed(_logger, error, lease.Message.Id, 1);
        }
        finally
        {
            int left = Interlocked.Decrement(ref _inFlight);
            if (left == 0 && _stopping.IsCancellationRequested)
            {
                _drained.TrySetResult();
            }
            else if (left == _settings.MaximumInFlight / 2 || left == 0)
            {
                _owner.OnRoom();
            }
        }
    }

    /// <summary>
    /// The relay itself failed on a message. It is put off, and held for an operator when that happens too often; others go on. A failure that ends the
    /// process is counted by the spool.
    /// </summary>
    private void OnCrash(Lease lease, Exception error) => End(lease, Crash(lease, error));

    private Fate[] Crash(Lease lease, Exception error)
    {
        int times = _crashes.AddOrUpdate(lease.Message.Id, 1, static (_, n) => n + 1);
        DeliveryLog.Crashed(_logger, error, lease.Message.Id, times);
        var failure = new Classification(false, BounceReason.Poison, new EnhancedStatus(4, 3, 0), false, false);
        RecipientReply reply = Replies.Own(failure.Status, $"The relay failed on this message ({times} times)");
        var fates = new Fate[lease.Recipients.Count];
        Array.Fill(fates, times >= _settings.MaximumCrashes ? new Fate(RecipientState.Held, reply, failure) : Fate.Failed(failure, reply));
        if (times >= _settings.MaximumCrashes)
        {
            _crashes.TryRemove(lease.Message.Id, out _);
        }

        return fates;
    }

    private void Forget()
    {
        _sitesOf.Clear();
        foreach ((string key, Site site) in _sites)
        {
            if (site.IsIdle)
            {
                _sites.TryRemove(key, out _);
            }
        }
    }
}
