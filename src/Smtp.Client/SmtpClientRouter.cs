using System.Runtime.CompilerServices;

namespace Smtp.Client;

/// <summary>
/// Sends to many servers: an <see cref="SmtpClient"/>, and so a pool, for each destination, made when the first message goes there and closed
/// when none did for a while. Thread-safe, and meant to be shared.
/// </summary>
/// <typeparam name="TDestination">
/// What tells destinations apart, and so which messages may share a connection: a host's name, or a record of all that makes a difference,
/// such as host, port, TLS policy, source address and credentials. Compared for equality.
/// </typeparam>
public sealed class SmtpClientRouter<TDestination> : IMaintained, IAsyncDisposable
    where TDestination : notnull
{
    private readonly Func<TDestination, SmtpClientOptions> _describe;
    private readonly SmtpClientRouterOptions _options;
    private readonly MaintenanceTimer _timer;
    private readonly Lock _lock = new();
    private readonly Dictionary<TDestination, Entry> _entries;

    // Those that nothing is being sent with, the last used at the end.
    private readonly LinkedList<Entry> _idle = new();

    // Those that no message gets any more, and that are not closed yet.
    private readonly HashSet<Entry> _leaving = [];
    private bool _isClosed;

    /// <summary>Makes a router without clients.</summary>
    /// <param name="describe">Says how to send to a destination. Called when its first message comes, under no lock, and maybe twice.</param>
    /// <param name="options">How clients are kept.</param>
    /// <param name="comparer">When two destinations are the same; the type's own comparison by default.</param>
    public SmtpClientRouter(
        Func<TDestination, SmtpClientOptions> describe, SmtpClientRouterOptions? options = null, IEqualityComparer<TDestination>? comparer = null)
    {
        ArgumentNullException.ThrowIfNull(describe);
        _describe = describe;
        _options = options ?? new SmtpClientRouterOptions();
        _entries = new Dictionary<TDestination, Entry>(comparer);
        _timer = new MaintenanceTimer(_options.TimeProvider, MaintenanceTimer.PeriodFor(_options.ClientIdleTimeout));
        _timer.Add(this);
    }

    /// <summary>How many destinations have a client now.</summary>
    public int ClientCount
    {
        get
        {
            lock (_lock)
            {
                return _entries.Count;
            }
        }
    }

    /// <summary>Sends a message to a destination, as <see cref="SmtpClient.SendAsync(SmtpMessage, CancellationToken)"/> does.</summary>
    /// <inheritdoc cref="SmtpClient.SendAsync(SmtpMessage, CancellationToken)"/>
    /// <param name="destination">Where it goes.</param>
    /// <param name="message">Envelope and content; neither may change until the task completes.</param>
    /// <param name="cancellationToken">Breaks the send off.</param>
    public ValueTask<SendResult> SendAsync(TDestination destination, SmtpMessage message, CancellationToken cancellationToken = default) =>
        SendAsync(destination, message, new SendResult(), cancellationToken);

    /// <inheritdoc cref="SendAsync(TDestination, SmtpMessage, CancellationToken)"/>
    /// <param name="destination">Where it goes.</param>
    /// <param name="message">Envelope and content; neither may change until the task completes.</param>
    /// <param name="result">Filled anew and returned; also filled when an exception or a cancellation ends the send.</param>
    /// <param name="cancellationToken">Breaks the send off.</param>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<SendResult> SendAsync(
        TDestination destination, SmtpMessage message, SendResult result, CancellationToken cancellationToken = default)
    {
        Entry entry = Enter(destination);
        try
        {
            return await entry.Client.SendAsync(message, result, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            Exit(entry);
        }
    }

    /// <summary>How the pool of a destination stands.</summary>
    /// <returns>False if the destination has no client now.</returns>
    public bool TryGetStatistics(TDestination destination, out SmtpPoolStatistics statistics)
    {
        lock (_lock)
        {
            bool found = _entries.TryGetValue(destination, out Entry? entry);
            statistics = found ? entry!.Client.Statistics : default;
            return found;
        }
    }

    /// <summary>
    /// Closes the client of a destination when nothing is being sent with it any more, as when its options have changed: the next message there
    /// gets a new one.
    /// </summary>
    public void Forget(TDestination destination)
    {
        lock (_lock)
        {
            if (_entries.TryGetValue(destination, out Entry? entry))
            {
                Drop(entry);
            }
        }
    }

    /// <summary>Closes all clients as <see cref="SmtpClient.CloseAsync"/> does, all at the same time.</summary>
    /// <param name="cancellationToken">Ends the grace early.</param>
    public async ValueTask CloseAsync(CancellationToken cancellationToken = default)
    {
        Entry[] entries;
        lock (_lock)
        {
            _isClosed = true;
            entries = [.. _entries.Values, .. _leaving];
            _entries.Clear();
            _idle.Clear();
        }

        _timer.Dispose();
        await Task.WhenAll(entries.Select(entry => entry.Client.CloseAsync(cancellationToken).AsTask())).ConfigureAwait(false);
    }

    /// <inheritdoc cref="CloseAsync"/>
    public ValueTask DisposeAsync() => CloseAsync(CancellationToken.None);

    void IMaintained.Maintain()
    {
        lock (_lock)
        {
            while (_idle.First?.Value is { } entry && _options.TimeProvider.GetElapsedTime(entry.Since) >= _options.ClientIdleTimeout)
            {
                Drop(entry);
            }
        }
    }

    private Entry Enter(TDestination destination)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isClosed, this);
            if (_entries.TryGetValue(destination, out Entry? known))
            {
                return Use(known);
            }
        }

        // The caller's code does not run under the lock. If two come at the same time, the second one's client is not used.
        var client = new SmtpClient(_describe(destination), _timer);
        lock (_lock)
        {
            if (!_isClosed && !_entries.TryGetValue(destination, out Entry? entry))
            {
                entry = new Entry(destination, client);
                _entries.Add(destination, entry);
                return Use(entry);
            }
        }

        _ = client.CloseAsync().AsTask();
        return Enter(destination);
    }

    private Entry Use(Entry entry)
    {
        if (entry.Uses++ == 0 && entry.Link.List is not null)
        {
            _idle.Remove(entry.Link);
        }

        return entry;
    }

    private void Exit(Entry entry)
    {
        lock (_lock)
        {
            if (--entry.Uses > 0)
            {
                return;
            }

            if (_leaving.Contains(entry))
            {
                _ = Task.Run(() => LeaveAsync(entry));
            }
            else if (!_isClosed)
            {
                entry.Since = _options.TimeProvider.GetTimestamp();
                _idle.AddLast(entry.Link);
                if (_idle.Count > _options.MaximumIdleClients)
                {
                    Drop(_idle.First!.Value);
                }
            }
        }
    }

    /// <summary>Lets no message to the client any more, and closes it when the last one is done.</summary>
    private void Drop(Entry entry)
    {
        if (entry.Link.List is not null)
        {
            _idle.Remove(entry.Link);
        }

        _entries.Remove(entry.Destination);
        _leaving.Add(entry);
        if (entry.Uses == 0)
        {
            _ = Task.Run(() => LeaveAsync(entry));
        }
    }

    private async Task LeaveAsync(Entry entry)
    {
        await entry.Client.CloseAsync().ConfigureAwait(false);
        lock (_lock)
        {
            _leaving.Remove(entry);
        }
    }

    private sealed class Entry
    {
        internal Entry(TDestination destination, SmtpClient client)
        {
            Destination = destination;
            Client = client;
            Link = new LinkedListNode<Entry>(this);
        }

        internal TDestination Destination { get; }

        internal SmtpClient Client { get; }

        internal LinkedListNode<Entry> Link { get; }

        /// <summary>How many sends use it now.</summary>
        internal int Uses { get; set; }

        /// <summary>Since when none does, as a timestamp.</summary>
        internal long Since { get; set; }
    }
}
