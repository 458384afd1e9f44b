namespace Relay.Spool;

/// <summary>
/// The durable queue: what was enqueued survives a power cut, and is leased again and again until each recipient has reached a final state. Thread-safe. A
/// call that changes something has done so durably when it returns; if it throws <see cref="SpoolException"/>, nothing of it was stored.
/// </summary>
public interface ISpool
{
    /// <summary>The queue's clock: schedule by it. It does not follow a system clock that jumps, so that a jump neither wakes everything nor expires it.</summary>
    TimeProvider Clock { get; }

    /// <summary>Suppressed addresses.</summary>
    ISuppressionList Suppressions { get; }

    /// <summary>Null if the store works; else what is wrong with it, for readiness.</summary>
    string? Failure { get; }

    /// <summary>A new id, above all before.</summary>
    MessageId NewId();

    /// <summary>Takes a message, with an accepted or scheduled event for each recipient. Durable when it returns.</summary>
    ValueTask EnqueueAsync(NewMessage message, CancellationToken cancellationToken = default);

    /// <summary>Leases what is due, fairly among destinations and by priority. Empty if there is nothing that fits.</summary>
    ValueTask<IReadOnlyList<Lease>> LeaseAsync(LeaseRequest request, CancellationToken cancellationToken = default);

    /// <summary>
    /// Waits until there may be something new to lease since the last <see cref="LeaseAsync"/>: something came in or was released, or its time has come. What
    /// was passed over for lack of room does not end the wait: who has room again leases again.
    /// </summary>
    ValueTask WaitForWorkAsync(CancellationToken cancellationToken = default);

    /// <summary>Ends a lease: states, events, notifications and suppressions in one transaction.</summary>
    ValueTask<CompletionResult> CompleteAsync(Completion completion, CancellationToken cancellationToken = default);

    /// <summary>Makes a lease longer. False if it was lost.</summary>
    ValueTask<bool> RenewAsync(Lease lease, TimeSpan duration, CancellationToken cancellationToken = default);

    /// <summary>Reads a message's content; see <see cref="SpoolContent"/>. Dispose it.</summary>
    /// <exception cref="SpoolException">
    /// It is broken or gone (<see cref="SpoolFailure.Unreadable"/>): its recipients are to be ended as <see cref="RecipientState.Quarantined"/>. Or the system
    /// cannot read it now (<see cref="SpoolFailure.Error"/>), which may pass.
    /// </exception>
    ValueTask<SpoolContent> OpenContentAsync(StoredMessage message, CancellationToken cancellationToken = default);

    /// <summary>A message; null if there is none.</summary>
    ValueTask<StoredMessage?> FindAsync(MessageId id, CancellationToken cancellationToken = default);

    /// <summary>A message's recipients, by index.</summary>
    ValueTask<IReadOnlyList<StoredRecipient>> RecipientsAsync(MessageId id, CancellationToken cancellationToken = default);

    /// <summary>A message's events, oldest first.</summary>
    ValueTask<IReadOnlyList<SpoolEvent>> EventsAsync(MessageId id, CancellationToken cancellationToken = default);

    /// <summary>All events behind one, oldest first; for readers that keep a cursor, such as figures and webhooks.</summary>
    /// <param name="after">The last event seen; 0 from the start.</param>
    /// <param name="maximum">How many at most.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    ValueTask<IReadOnlyList<SpoolEvent>> EventsAfterAsync(long after, int maximum, CancellationToken cancellationToken = default);

    /// <summary>Waits until there is an event behind one.</summary>
    ValueTask WaitForEventsAsync(long after, CancellationToken cancellationToken = default);

    /// <summary>Appends events that come from outside of the queue. States do not change.</summary>
    ValueTask AppendEventsAsync(IReadOnlyList<NewEvent> events, CancellationToken cancellationToken = default);

    /// <summary>Lists recipients by age, a page at a time, so that any number costs the same memory.</summary>
    /// <param name="filter">Which.</param>
    /// <param name="newestFirst">The order.</param>
    /// <param name="after">Where to go on; null from the start.</param>
    /// <param name="maximum">How many; 100 by default.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    ValueTask<IReadOnlyList<QueueItem>> ListAsync(
        QueueFilter filter, bool newestFirst = false, QueueCursor? after = null, int maximum = 100, CancellationToken cancellationToken = default);

    /// <summary>Changes all recipients that a filter fits, in groups, while the queue runs.</summary>
    /// <returns>How many were changed.</returns>
    ValueTask<long> ChangeAsync(QueueFilter filter, QueueChange change, CancellationToken cancellationToken = default);

    /// <summary>Removes messages with all that is known of them, whatever their state, but those that are being delivered.</summary>
    /// <returns>How many recipients were removed.</returns>
    ValueTask<long> PurgeAsync(QueueFilter filter, CancellationToken cancellationToken = default);

    /// <summary>How the queue stands.</summary>
    ValueTask<QueueFigures> FiguresAsync(CancellationToken cancellationToken = default);

    /// <summary>How each destination's queue stands; the fullest first.</summary>
    ValueTask<IReadOnlyList<DestinationFigures>> DestinationsAsync(int maximum = 1000, CancellationToken cancellationToken = default);

    /// <summary>Leases nothing more for a destination.</summary>
    ValueTask SuspendAsync(string destination, string reason, DateTimeOffset? until, CancellationToken cancellationToken = default);

    /// <summary>Ends a suspension. False if there was none.</summary>
    ValueTask<bool> ResumeAsync(string destination, CancellationToken cancellationToken = default);

    /// <summary>The suspended destinations.</summary>
    ValueTask<IReadOnlyList<SuspendedDestination>> SuspendedAsync(CancellationToken cancellationToken = default);
}
