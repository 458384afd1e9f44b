using Microsoft.Data.Sqlite;

namespace Relay.Spool;

/// <summary>
/// The one thread that writes. All that waits goes into one transaction, and one sync of the disk serves it (group commit): while a group is on its way to
/// the disk, the next one gathers. There is no timer in it: a lone message is not made to wait.
/// </summary>
internal sealed class SpoolWriter : IDisposable
{
    // Bounds of a group: what a reader of one of its messages may have to wait for the others.
    private const int MaximumItems = 1024;
    private const long MaximumWeight = 16 * 1024 * 1024;

    // A message in the database, twice over: with its pages and indexes.
    private const int ProbeSize = 2 * SpoolOptions.DefaultMaximumInlineContent;

    private readonly Lock _lock = new();
    private readonly SemaphoreSlim _arrived = new(0);
    private readonly SpoolOptions _options;
    private readonly string _path;
    private readonly Thread _thread;
    private readonly List<Action> _afterCommit = [];
    private List<WriteItem> _waiting = [];
    private SpoolConnection? _connection;
    private long _dataVersion;
    private bool _isStopping;
    private bool _isFull;

    internal SpoolWriter(SpoolOptions options, string path, TimeProvider clock)
    {
        _options = options;
        _path = path;
        Clock = clock;
        _thread = new Thread(Run) { IsBackground = true, Name = "Spool writer" };
    }

    internal TimeProvider Clock { get; }

    /// <summary>Connections of their own, for reading what may be broken: after such an error SQLite writes nothing more in a transaction.</summary>
    internal required ReaderPool Readers { get; init; }

    internal SpoolOptions Options => _options;

    internal Agenda Agenda { get; } = new();

    /// <summary>What is wrong with the store; null if it works.</summary>
    internal string? Failure { get; private set; }

    /// <summary>The connection, within <see cref="WriteItem.Run"/>.</summary>
    internal SpoolConnection Connection => _connection!;

    /// <summary>The last lease token given.</summary>
    internal long LastToken { get; set; }

    /// <summary>What is set within <see cref="WriteItem.Run"/> if there is something new to lease.</summary>
    internal bool HasNewWork { get; set; }

    /// <summary>What is set if there are new events.</summary>
    internal bool HasNewEvents { get; set; }

    /// <summary>What is set if something was written that does not count as a change of rows.</summary>
    internal bool HasWritten { get; set; }

    /// <summary>Called behind a commit, on the writer's thread, with <see cref="HasNewWork"/> and <see cref="HasNewEvents"/>.</summary>
    internal Action<bool, bool>? OnCommitted { get; init; }

    internal long NowMilliseconds => Clock.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>Opens the database and starts. Throws what <see cref="SpoolConnection"/> and <see cref="Schema"/> throw.</summary>
    internal void Start()
    {
        _connection = new SpoolConnection(_path, readOnly: false, isNew: true);
        Schema.Update(_connection);
        Configure(_connection);
        _thread.Start();
    }

    internal void Add(WriteItem item)
    {
        lock (_lock)
        {
            if (!_isStopping)
            {
                _waiting.Add(item);
                if (_waiting.Count == 1)
                {
                    _arrived.Release();
                }

                return;
            }
        }

        item.Failed(new ObjectDisposedException("spool"));
    }

    /// <summary>Something to do when the transaction that runs is on the disk; dropped if it fails. For what cannot be rolled back, such as removing a file. Must not throw.</summary>
    internal void AfterCommit(Action action) => _afterCommit.Add(action);

    /// <summary>Whether another connection has changed the database since this was last asked.</summary>
    internal bool WasChangedByOthers()
    {
        long version = Connection["PRAGMA data_version"].Scalar() ?? 0;
        bool isChanged = version != _dataVersion;
        _dataVersion = version;
        return isChanged;
    }

    public void Dispose()
    {
        lock (_lock)
        {
            if (_isStopping)
            {
                return;
            }

            _isStopping = true;
            _arrived.Release();
        }

        if (_thread.IsAlive)
        {
            _thread.Join();
        }

        _connection?.Dispose();
        _arrived.Dispose();
    }

    private static void Configure(SpoolConnection connection)
    {
        // 64 MB of pages, so that the ends of the trees, where all the writing is, stay in memory.
        connection.Run("PRAGMA cache_size=-65536");
        connection.Run("PRAGMA wal_autocheckpoint=4000");
        connection.Run("PRAGMA journal_size_limit=67108864");
    }

    private void Run()
    {
        List<WriteItem> group = [];
        while (true)
        {
            _arrived.Wait();
            lock (_lock)
            {
                (group, _waiting) = (_waiting, group);
            }

            for (int start = 0; start < group.Count;)
            {
                int count = 0;
                for (long weight = 0; start + count < group.Count && count < MaximumItems && weight < MaximumWeight; count++)
                {
                    weight += group[start + count].Weight;
                }

                RunGroup(group.GetRange(start, count));
                start += count;
            }

            group.Clear();
            lock (_lock)
            {
                if (_isStopping && _waiting.Count == 0)
                {
                    return;
                }
            }
        }
    }

    /// <summary>
    /// Runs a group in one transaction. If that fails for the store's sake, all of it fails; if for the sake of one item, each runs on its own, so that only
    /// that one fails.
    /// </summary>
    private void RunGroup(List<WriteItem> group)
    {
        Exception? error = Attempt(group);
        if (error is null)
        {
            return;
        }

        if (group.Count > 1 && error is not SpoolException)
        {
            foreach (WriteItem item in group)
            {
                if (Attempt([item]) is { } itsError)
                {
                    item.Failed(itsError);
                }
            }

            return;
        }

        foreach (WriteItem item in group)
        {
            item.Failed(error);
        }
    }

    /// <summary>Null if the group is committed and was told so; <see cref="SpoolException"/> if the store failed.</summary>
    private Exception? Attempt(List<WriteItem> group)
    {
        HasNewWork = false;
        HasNewEvents = false;
        HasWritten = false;
        _afterCommit.Clear();
        int changes;
        try
        {
            _connection ??= Reopen();
            changes = _connection.Changes;
            _connection["BEGIN IMMEDIATE"].Execute();
            foreach (WriteItem item in group)
            {
                item.Run(this);
            }

            // SQLite writes on into a file that was moved or removed, where nobody would find the messages that are answered with 250 now.
            if (!File.Exists(_path))
            {
                throw new SqliteException($"\"{_path}\" is gone", SqliteIoError);
            }

            _connection["COMMIT"].Execute();
        }
        catch (Exception error)
        {
            return RollBack(error);
        }

        // A commit that had nothing to write says nothing of the disk.
        if (Failure is not null && (HasWritten || _connection.Changes != changes) && (!_isFull || HasRoom()))
        {
            Failure = null;
            SpoolLog.Recovered(_options.Logger, _options.Path);
        }

        // First, so that who purged a message finds nothing of it when told that it is done.
        foreach (Action action in _afterCommit)
        {
            action();
        }

        foreach (WriteItem item in group)
        {
            item.Committed();
        }

        if (HasNewWork || HasNewEvents)
        {
            OnCommitted?.Invoke(HasNewWork, HasNewEvents);
        }

        return null;
    }

    private SpoolConnection Reopen()
    {
        var connection = new SpoolConnection(_path, readOnly: false);
        Configure(connection);
        return connection;
    }

    private Exception RollBack(Exception error)
    {
        Agenda.Clear();
        if (error is not SqliteException { SqliteErrorCode: not SqliteConstraint } failure)
        {
            _connection?.ResetStatements();
            if (_connection?.IsInTransaction == true)
            {
                TryRollBack();
            }

            return error;
        }

        // After an error of the disk nothing that this connection holds is trusted: a page whose sync failed may be marked clean. It is opened anew.
        _connection?.Dispose();
        _connection = null;
        bool isNoSpace = failure.SqliteErrorCode is SqliteFull or SqliteReadOnly || (failure.SqliteErrorCode == SqliteCannotOpen && File.Exists(_path));
        string reason = failure.Message;
        if (Failure is null)
        {
            SpoolLog.Failed(_options.Logger, _options.Path, reason, error);
        }

        Failure = reason;
        _isFull = isNoSpace;
        return new SpoolException(reason, isNoSpace ? SpoolFailure.NoSpace : SpoolFailure.Error, error);
    }

    /// <summary>
    /// Whether a message has room. A commit that writes little, or nothing, does well on a disk that is full for mail: it would call a store sound, once a
    /// second, that refuses every message.
    /// </summary>
    private bool HasRoom()
    {
        try
        {
            using FileStream probe = DurableFolder.CreatePrivateFile(Path.Combine(_options.Path, $".probe-{Guid.NewGuid():N}.tmp"), FileOptions.DeleteOnClose);
            probe.Write(new byte[ProbeSize]);
            probe.Flush(flushToDisk: true);
            return true;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private void TryRollBack()
    {
        try
        {
            _connection!["ROLLBACK"].Execute();
        }
        catch (SqliteException)
        {
            _connection!.Dispose();
            _connection = null;
        }
    }

    private const int SqliteConstraint = 19;
    private const int SqliteIoError = 10;
    private const int SqliteFull = 13;
    private const int SqliteReadOnly = 8;
    private const int SqliteCannotOpen = 14;
}
