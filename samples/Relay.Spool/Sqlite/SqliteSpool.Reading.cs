using Microsoft.Data.Sqlite;

namespace Relay.Spool;

/// <summary>What is only read.</summary>
public sealed partial class SqliteSpool
{
    private const int ChangeBatch = 500;

    // Whatever else is missing: a recipient must not be lost from sight.
    private const string FromAll = "FROM recipients r LEFT JOIN messages m ON m.key = r.message LEFT JOIN lanes l ON l.id = r.lane";

    private const string EventColumns =
        "e.id, e.at, e.message, e.idx, e.type, e.class, e.reason, e.code, e.enhanced, e.reply, e.host, e.attempt, e.latency, r.path, l.destination";

    private const int EventColumnCount = 15;

    /// <inheritdoc/>
    public ValueTask<SpoolContent> OpenContentAsync(StoredMessage message, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(message);
        if (message.IsContentInFile)
        {
            return ValueTask.FromResult(OpenFile(message));
        }

        byte[]? octets;
        try
        {
            octets = ReadOctets(message.Id);
        }
        catch (SpoolException error) when (IsCorrupt(error))
        {
            throw Unreadable(message, error.Message);
        }

        return octets?.Length == message.Size
            ? ValueTask.FromResult(new SpoolContent(octets))
            : throw Unreadable(message, octets is null ? "its content is missing" : $"its content has {octets.Length} octets and not {message.Size}");
    }

    /// <inheritdoc/>
    public ValueTask<StoredMessage?> FindAsync(MessageId id, CancellationToken cancellationToken = default) =>
        ValueTask.FromResult(_readers.Read(connection =>
        {
            Statement row = connection[$"SELECT {MessageRow.Columns} FROM messages m WHERE m.key = ?1 AND m.tail = ?2"].Bind(1, id.Key).Bind(2, id.Tail);
            StoredMessage? found = row.Step() ? MessageRow.Read(row) : null;
            row.Reset();
            return found ?? FindMissing(connection, id);
        }));

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<StoredRecipient>> RecipientsAsync(MessageId id, CancellationToken cancellationToken = default) =>
        ValueTask.FromResult(_readers.Read<IReadOnlyList<StoredRecipient>>(connection =>
        {
            List<StoredRecipient> recipients = [];
            Statement rows = connection[$"SELECT {RecipientRow.Columns}, l.destination {FromAll} WHERE r.message = ?1 AND {FilterSql.Tail} = ?2 ORDER BY r.idx"]
                .Bind(1, id.Key).Bind(2, id.Tail);
            while (rows.Step())
            {
                recipients.Add(RecipientRow.Read(rows, 0, id, rows.GetTextOrNull(RecipientRow.ColumnCount)));
            }

            return recipients;
        }));

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<SpoolEvent>> EventsAsync(MessageId id, CancellationToken cancellationToken = default) =>
        _readers.ReadAsync<IReadOnlyList<SpoolEvent>>(
            connection => ReadEvents(connection[EventsSql($"e.message = ?1 AND {FilterSql.Tail} = ?2 ORDER BY e.id")].Bind(1, id.Key).Bind(2, id.Tail)), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<SpoolEvent>> EventsAfterAsync(long after, int maximum, CancellationToken cancellationToken = default) =>
        _readers.ReadAsync<IReadOnlyList<SpoolEvent>>(
            connection =>
            {
                try
                {
                    return ReadEvents(connection[EventsSql("e.id > ?1 ORDER BY e.id LIMIT ?2")].Bind(1, after).Bind(2, maximum));
                }
                catch (SqliteException error) when (SpoolConnection.IsCorrupt(error))
                {
                    return ReadOneByOne(connection, after, maximum);
                }
            },
            cancellationToken);

    /// <inheritdoc/>
    public async ValueTask WaitForEventsAsync(long after, CancellationToken cancellationToken = default)
    {
        while (_readers.Read(connection => connection["SELECT max(id) FROM events"].Scalar() ?? 0) <= after)
        {
            await _events.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<QueueItem>> ListAsync(
        QueueFilter filter, bool newestFirst = false, QueueCursor? after = null, int maximum = 100, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(filter);
        var sql = new FilterSql(filter);
        if (after is { } cursor)
        {
            sql.After(cursor, newestFirst);
        }

        string order = newestFirst ? " DESC" : string.Empty;
        return _readers.ReadAsync<IReadOnlyList<QueueItem>>(
            connection =>
            {
                List<QueueItem> page = [];
                Statement rows = sql.Bind(connection[
                    $"SELECT {MessageRow.Columns}, {RecipientRow.Columns}, l.destination, r.message {FromAll} WHERE {sql.Where} ORDER BY r.message{order}, r.idx{order} LIMIT {maximum}"]);
                while (rows.Step())
                {
                    const int Destination = MessageRow.ColumnCount + RecipientRow.ColumnCount;
                    StoredMessage message = rows.IsNull(0) ? MessageRow.Missing(rows.GetInt64(Destination + 1)) : MessageRow.Read(rows);
                    page.Add(new QueueItem(message, RecipientRow.Read(rows, MessageRow.ColumnCount, message.Id, rows.GetTextOrNull(Destination))));
                }

                return page;
            },
            cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask<long> ChangeAsync(QueueFilter filter, QueueChange change, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(change);
        long changed = 0;
        await foreach (IReadOnlyList<QueueItem> page in PagesAsync(filter, cancellationToken).ConfigureAwait(false))
        {
            changed += await RunAsync(new ChangeItem(page.Select(i => (i.Message.Id.Key, i.Recipient.Index)).ToArray(), change, _files)).ConfigureAwait(false);
        }

        return changed;
    }

    /// <inheritdoc/>
    public async ValueTask<long> PurgeAsync(QueueFilter filter, CancellationToken cancellationToken = default)
    {
        long removed = 0;
        await foreach (IReadOnlyList<QueueItem> page in PagesAsync(filter, cancellationToken).ConfigureAwait(false))
        {
            removed += await RunAsync(new PurgeItem(page.Select(i => i.Message.Id.Key).Distinct().ToArray(), _files)).ConfigureAwait(false);
        }

        return removed;
    }

    /// <inheritdoc/>
    public ValueTask<QueueFigures> FiguresAsync(CancellationToken cancellationToken = default) => _readers.ReadAsync(
        connection =>
        {
            // By the partial indexes: it costs what waits, and not what was ever done.
            (long waiting, long? oldestWaiting) = Count(connection["SELECT count(*), min(message) FROM recipients INDEXED BY due WHERE state <= 1"]);
            (long leased, long? oldestLeased) = Count(connection["SELECT count(*), min(message) FROM recipients INDEXED BY leased WHERE state = 2"]);
            long held = connection["SELECT count(*) FROM recipients INDEXED BY held WHERE state = 3"].Scalar() ?? 0;
            long? oldest = oldestWaiting is null || oldestLeased < oldestWaiting ? oldestLeased : oldestWaiting;
            return new QueueFigures(waiting, leased, held, oldest is { } key ? DateTimeOffset.FromUnixTimeMilliseconds(key >> 12) : null);
        },
        cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<DestinationFigures>> DestinationsAsync(int maximum = 1000, CancellationToken cancellationToken = default) =>
        _readers.ReadAsync<IReadOnlyList<DestinationFigures>>(
            connection =>
            {
                List<DestinationFigures> figures = [];
                Statement rows = connection[
                    """
                    SELECT l.destination, l.stream, sum(d.n) n, min(d.at), (SELECT 1 FROM suspended s WHERE s.destination = l.destination AND (s.until IS NULL OR s.until > ?1))
                    FROM (SELECT lane, count(*) n, min(next_at) at FROM recipients INDEXED BY due WHERE state <= 1 GROUP BY lane) d JOIN lanes l ON l.id = d.lane
                    GROUP BY l.destination, l.stream ORDER BY n DESC LIMIT ?2
                    """].Bind(1, _clock.GetUtcNow().ToUnixTimeMilliseconds()).Bind(2, maximum);
                while (rows.Step())
                {
                    figures.Add(new DestinationFigures(
                        rows.GetText(0), rows.GetText(1), rows.GetInt64(2), DateTimeOffset.FromUnixTimeMilliseconds(rows.GetInt64(3)), !rows.IsNull(4)));
                }

                return figures;
            },
            cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<SuspendedDestination>> SuspendedAsync(CancellationToken cancellationToken = default) =>
        _readers.ReadAsync<IReadOnlyList<SuspendedDestination>>(
            connection =>
            {
                List<SuspendedDestination> suspended = [];
                Statement rows = connection["SELECT destination, reason, since, until FROM suspended WHERE until IS NULL OR until > ?1 ORDER BY destination"]
                    .Bind(1, _clock.GetUtcNow().ToUnixTimeMilliseconds());
                while (rows.Step())
                {
                    suspended.Add(new SuspendedDestination(
                        rows.GetText(0), rows.GetText(1), DateTimeOffset.FromUnixTimeMilliseconds(rows.GetInt64(2)),
                        rows.IsNull(3) ? null : DateTimeOffset.FromUnixTimeMilliseconds(rows.GetInt64(3))));
                }

                return suspended;
            },
            cancellationToken);

    private static (long Count, long? Oldest) Count(Statement row)
    {
        _ = row.Step();
        (long, long?) read = (row.GetInt64(0), row.IsNull(1) ? null : row.GetInt64(1));
        row.Reset();
        return read;
    }

    /// <param name="where">The condition and the order.</param>
    /// <param name="hasFacts">Whether the facts of their messages go with the events; else those are not looked at.</param>
    private static string EventsSql(string where, bool hasFacts = true) =>
        $"""
        SELECT {EventColumns}, {(hasFacts ? MessageRow.Columns : string.Join(", ", Enumerable.Repeat("NULL", MessageRow.ColumnCount)))}
        FROM events e LEFT JOIN recipients r ON r.message = e.message AND r.idx = e.idx
        LEFT JOIN lanes l ON l.id = r.lane {(hasFacts ? "LEFT JOIN messages m ON m.key = e.message" : string.Empty)} WHERE {where}
        """;

    /// <summary>Where rows of messages stand on a broken page: their events go without facts, and nobody behind them is stopped.</summary>
    private static List<SpoolEvent> ReadOneByOne(SpoolConnection connection, long after, int maximum)
    {
        List<SpoolEvent> events = ReadEvents(connection[EventsSql("e.id > ?1 ORDER BY e.id LIMIT ?2", hasFacts: false)].Bind(1, after).Bind(2, maximum));
        for (int i = 0; i < events.Count; i++)
        {
            try
            {
                events[i] = ReadEvents(connection[EventsSql("e.id = ?1")].Bind(1, events[i].Id))[0];
            }
            catch (SqliteException error) when (SpoolConnection.IsCorrupt(error))
            {
                // It stays as it was read, without them.
            }
        }

        return events;
    }

    private static List<SpoolEvent> ReadEvents(Statement rows)
    {
        List<SpoolEvent> events = [];
        while (rows.Step())
        {
            bool hasMessage = !rows.IsNull(EventColumnCount);
            events.Add(new SpoolEvent
            {
                Id = rows.GetInt64(0),
                At = DateTimeOffset.FromUnixTimeMilliseconds(rows.GetInt64(1)),
                MessageId = hasMessage ? MessageRow.ReadId(rows, EventColumnCount) : MessageId.Create(rows.GetInt64(2), 0),
                RecipientIndex = rows.GetInt32(3),
                Type = (SpoolEventType)rows.GetInt32(4),
                BounceClass = (BounceClass)rows.GetInt32(5),
                Reason = rows.GetText(6),
                Reply = rows.IsNull(7) ? RecipientReply.None : new RecipientReply(rows.GetInt32(7), rows.GetText(8), rows.GetText(9), rows.GetText(10)),
                Attempt = rows.GetInt32(11),
                Latency = TimeSpan.FromMilliseconds(rows.GetInt64(12)),
                ForwardPath = rows.GetText(13),
                Destination = rows.GetText(14),
                Message = hasMessage ? MessageRow.ReadFacts(rows, EventColumnCount) : null,
            });
        }

        return events;
    }

    /// <summary>A message that has lost its row and has recipients.</summary>
    private static StoredMessage? FindMissing(SpoolConnection connection, MessageId id)
    {
        StoredMessage missing = MessageRow.Missing(id.Key);
        bool isThat = missing.Id == id
            && connection["SELECT 1 FROM recipients WHERE message = ?1 AND NOT EXISTS (SELECT 1 FROM messages WHERE key = ?1)"].Bind(1, id.Key).Scalar() is not null;
        return isThat ? missing : null;
    }

    private static bool IsCorrupt(SpoolException error) => error.InnerException is SqliteException broken && SpoolConnection.IsCorrupt(broken);

    private byte[]? ReadOctets(MessageId id) => _readers.Read(connection =>
    {
        Statement row = connection["SELECT octets FROM content WHERE message = ?1"].Bind(1, id.Key);
        byte[]? found = row.Step() ? row.GetBlob(0) : null;
        row.Reset();
        return found;
    });

    private SpoolContent OpenFile(StoredMessage message)
    {
        FileStream file;
        try
        {
            file = _files.Open(message.Id);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw error is FileNotFoundException or DirectoryNotFoundException
                ? Unreadable(message, "its file is missing")
                : new SpoolException(error.Message, SpoolFailure.Error, error);
        }

        if (file.Length == message.Size)
        {
            return new SpoolContent(file);
        }

        string why = $"its file has {file.Length} octets and not {message.Size}";
        file.Dispose();
        throw Unreadable(message, why);
    }

    private static SpoolException Unreadable(StoredMessage message, string why) => new($"{message.Id}: {why}.", SpoolFailure.Unreadable);

    private async IAsyncEnumerable<IReadOnlyList<QueueItem>> PagesAsync(
        QueueFilter filter, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        QueueCursor? after = null;
        while (true)
        {
            IReadOnlyList<QueueItem> page = await ListAsync(filter, newestFirst: false, after, ChangeBatch, cancellationToken).ConfigureAwait(false);
            if (page.Count == 0)
            {
                yield break;
            }

            yield return page;
            after = page[^1].Cursor;
        }
    }
}
