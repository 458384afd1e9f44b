using System.Diagnostics;
using System.Security.Cryptography;
using Microsoft.Data.Sqlite;

namespace Relay.Spool;

/// <summary>
/// The embedded spool: an SQLite database in WAL mode with <c>synchronous=FULL</c>, and beside it files for large contents, in one folder. One process owns
/// the folder and leases; others may list and change while it runs.
/// </summary>
public sealed partial class SqliteSpool : ISpool, IAsyncDisposable, IDisposable
{
    private static readonly TimeSpan TickInterval = TimeSpan.FromSeconds(1);

    private readonly SpoolOptions _options;
    private readonly FolderLock? _lock;
    private readonly SpoolClock _clock;
    private readonly BodyFiles _files;
    private readonly SpoolWriter _writer;
    private readonly ReaderPool _readers;
    private readonly SpoolSignal _work = new();
    private readonly SpoolSignal _events = new();
    private readonly Lock _idLock = new();
    private long _lastKey;
    private ITimer? _timer;
    private int _ticksPending;

    private SqliteSpool(SpoolOptions options)
    {
        _options = options;
        DurableFolder.Create(options.Path);
        _lock = options.IsOwner ? FolderLock.Take(options.Path) : null;
        try
        {
            string database = Path.Combine(options.Path, "spool.db");
            DurableFolder.CreatePrivateDatabase(database);
            _clock = new SpoolClock(options.TimeProvider);
            _files = new BodyFiles(options.Path);
            _readers = new ReaderPool(database);
            _writer = new SpoolWriter(options, database, _clock) { OnCommitted = OnCommitted, Readers = _readers };
            _writer.Start();
            DurableFolder.Sync(options.Path);
            _lastKey = _readers.Read(c => c["SELECT max(key) FROM messages"].Scalar() ?? 0);
        }
        catch
        {
            _writer?.Dispose();
            _readers?.Dispose();
            _lock?.Dispose();
            throw;
        }

        Suppressions = new SuppressionList(_writer, _readers);
    }

    /// <summary>Opens a spool, makes it if it is not there, and recovers what a dead owner had leased.</summary>
    /// <exception cref="SpoolException">It cannot be opened; or somebody else owns it: <see cref="SpoolFailure.Locked"/>.</exception>
    public static SqliteSpool Open(SpoolOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        SqliteSpool spool;
        try
        {
            spool = new SqliteSpool(options);
        }
        catch (Exception error) when (error is SqliteException or IOException or UnauthorizedAccessException)
        {
            throw new SpoolException($"The spool \"{options.Path}\" cannot be opened: {error.Message}", SpoolFailure.Error, error);
        }

        try
        {
            spool.Recover();
            return spool;
        }
        catch
        {
            spool.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public TimeProvider Clock => _clock;

    /// <inheritdoc/>
    public ISuppressionList Suppressions { get; }

    /// <inheritdoc/>
    public string? Failure => _writer.Failure;

    /// <summary>The folder.</summary>
    public string Folder => _options.Path;

    /// <summary>How it was opened.</summary>
    internal SpoolOptions Options => _options;

    /// <summary>Whether some process owns a folder now.</summary>
    public static bool IsOwned(string path) => FolderLock.IsTaken(path);

    /// <inheritdoc/>
    public MessageId NewId()
    {
        Span<byte> random = stackalloc byte[8];
        RandomNumberGenerator.Fill(random);
        long first = MessageId.FirstKey(_clock.GetUtcNow());
        lock (_idLock)
        {
            // More than 4,096 in a millisecond run into the next one.
            _lastKey = Math.Max(first, _lastKey + 1);
            return MessageId.Create(_lastKey, BitConverter.ToInt64(random));
        }
    }

    /// <inheritdoc/>
    public async ValueTask EnqueueAsync(NewMessage message, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(message);
        ArgumentOutOfRangeException.ThrowIfZero(message.Recipients.Count, nameof(message));
        using Activity? activity = RelayTracing.StartAccept(message.Id, message.Recipients.Count);
        if (activity is not null)
        {
            message = message with { Facts = message.Facts with { TraceParent = activity.Id } };
        }

        await RunAsync(new EnqueueItem(message)).ConfigureAwait(false);
    }

    /// <summary>Starts the file of a content that is too large for memory.</summary>
    /// <exception cref="SpoolException">There is no room for it.</exception>
    public BodyFileWriter CreateBodyFile(MessageId id)
    {
        try
        {
            return new BodyFileWriter(_files, _files.PathOf(id));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw FileFailure(error);
        }
    }

    /// <summary>How many octets there is room for on the disk; null if the system does not say.</summary>
    public long? FreeSpace()
    {
        try
        {
            return new DriveInfo(_options.Path).AvailableFreeSpace;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return null;
        }
    }

    /// <summary>What an error of a body file is to the one who wanted to store.</summary>
    public static SpoolException FileFailure(Exception error)
    {
        ArgumentNullException.ThrowIfNull(error);
        return new SpoolException(error.Message, BodyFiles.IsNoSpace(error) ? SpoolFailure.NoSpace : SpoolFailure.Error, error);
    }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<Lease>> LeaseAsync(LeaseRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        while (true)
        {
            try
            {
                return await RunAsync(new LeaseItem(request, _files)).ConfigureAwait(false);
            }
            catch (BrokenRowsException error)
            {
                await RunAsync(SetAside(error.Rows)).ConfigureAwait(false);
            }
        }
    }

    /// <inheritdoc/>
    public ValueTask WaitForWorkAsync(CancellationToken cancellationToken = default) => _work.WaitAsync(cancellationToken);

    /// <inheritdoc/>
    public ValueTask<CompletionResult> CompleteAsync(Completion completion, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(completion);
        return RunAsync(new CompleteItem(completion, _files));
    }

    /// <inheritdoc/>
    public ValueTask<bool> RenewAsync(Lease lease, TimeSpan duration, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(lease);
        return RunAsync(new DelegateItem<bool>(writer => writer.Connection[
                "UPDATE recipients SET lease_until = ?1 WHERE message = ?2 AND lease = ?3 AND state = 2"]
            .Bind(1, writer.NowMilliseconds + (long)duration.TotalMilliseconds).Bind(2, lease.Message.Id.Key).Bind(3, lease.Token).Execute() > 0));
    }

    /// <inheritdoc/>
    public ValueTask AppendEventsAsync(IReadOnlyList<NewEvent> events, CancellationToken cancellationToken = default) =>
        Ignore(RunAsync(new DelegateItem<bool>(writer =>
        {
            foreach (NewEvent one in events)
            {
                EventRow.Append(
                    writer, writer.NowMilliseconds, one.MessageId.Key, one.RecipientIndex, one.Type, one.Reply, one.BounceClass, one.Reason);
            }

            return true;
        })));

    /// <inheritdoc/>
    public ValueTask SuspendAsync(string destination, string reason, DateTimeOffset? until, CancellationToken cancellationToken = default) =>
        Ignore(RunAsync(new DelegateItem<bool>(writer => writer.Connection[
                "INSERT OR REPLACE INTO suspended(destination, reason, since, until) VALUES(?1, ?2, ?3, ?4)"]
            .Bind(1, DestinationName.OfDomain(destination)).Bind(2, reason).Bind(3, writer.NowMilliseconds).Bind(4, until?.ToUnixTimeMilliseconds()).Execute() > 0)));

    /// <inheritdoc/>
    public ValueTask<bool> ResumeAsync(string destination, CancellationToken cancellationToken = default) =>
        RunAsync(new DelegateItem<bool>(writer =>
        {
            writer.HasNewWork = true;
            return writer.Connection["DELETE FROM suspended WHERE destination = ?1"].Bind(1, DestinationName.OfDomain(destination)).Execute() > 0;
        }));

    /// <inheritdoc/>
    public void Dispose()
    {
        _timer?.Dispose();
        _writer.Dispose();
        _readers.Dispose();
        _lock?.Dispose();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await Task.Run(Dispose).ConfigureAwait(false);

    private ValueTask<T> RunAsync<T>(WriteItem<T> item)
    {
        _writer.Add(item);
        return new ValueTask<T>(item.Done);
    }

    /// <summary>Without a look at the message's row or content, which stand on broken pages: its id's random end is not known then, and is 0.</summary>
    private static DelegateItem<bool> SetAside(IReadOnlyList<(long Message, int Index, string Why)> rows) => new(writer =>
    {
        foreach ((long key, int index, string why) in rows)
        {
            Quarantine.SetRecipientAside(writer, key, index, why, writer.NowMilliseconds);
        }

        return true;
    });

    private static async ValueTask Ignore<T>(ValueTask<T> task) => await task.ConfigureAwait(false);

    private void OnCommitted(bool hasNewWork, bool hasNewEvents)
    {
        if (hasNewWork)
        {
            _work.Set();
        }

        if (hasNewEvents)
        {
            _events.Set();
        }
    }
}
