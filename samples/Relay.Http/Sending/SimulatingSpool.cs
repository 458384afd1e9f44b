using Relay.Spool;

namespace Relay.Http;

/// <summary>
/// The spool as delivery sees it: leases of simulated recipients and test messages are ended here, by <see cref="Simulator"/>, and never handed out.
/// Everything else is passed on.
/// </summary>
/// <param name="spool">The spool.</param>
public sealed class SimulatingSpool(ISpool spool) : ISpool
{
    /// <inheritdoc/>
    public TimeProvider Clock => spool.Clock;

    /// <inheritdoc/>
    public ISuppressionList Suppressions => spool.Suppressions;

    /// <inheritdoc/>
    public string? Failure => spool.Failure;

    /// <inheritdoc/>
    public MessageId NewId() => spool.NewId();

    /// <inheritdoc/>
    public ValueTask EnqueueAsync(NewMessage message, CancellationToken cancellationToken = default) => spool.EnqueueAsync(message, cancellationToken);

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<Lease>> LeaseAsync(LeaseRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (request.RoomFor is { } roomFor)
        {
            // What delivery has room for is about real servers.
            request = request with { RoomFor = (destination, stream) => Simulator.IsSimulated(destination) ? int.MaxValue : roomFor(destination, stream) };
        }

        while (true)
        {
            IReadOnlyList<Lease> leases = await spool.LeaseAsync(request, cancellationToken).ConfigureAwait(false);
            if (!leases.Any(Simulator.IsSimulated))
            {
                return leases;
            }

            // One commit takes all that wait.
            await Task.WhenAll(leases.Where(Simulator.IsSimulated).Select(lease => EndAsync(lease, cancellationToken))).ConfigureAwait(false);
            Lease[] real = [.. leases.Where(lease => !Simulator.IsSimulated(lease))];
            if (real.Length > 0)
            {
                return real;
            }

            // None is left: an empty answer would say that nothing is due.
        }
    }

    /// <inheritdoc/>
    public ValueTask WaitForWorkAsync(CancellationToken cancellationToken = default) => spool.WaitForWorkAsync(cancellationToken);

    /// <inheritdoc/>
    public ValueTask<CompletionResult> CompleteAsync(Completion completion, CancellationToken cancellationToken = default) =>
        spool.CompleteAsync(completion, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<bool> RenewAsync(Lease lease, TimeSpan duration, CancellationToken cancellationToken = default) =>
        spool.RenewAsync(lease, duration, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<SpoolContent> OpenContentAsync(StoredMessage message, CancellationToken cancellationToken = default) =>
        spool.OpenContentAsync(message, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<StoredMessage?> FindAsync(MessageId id, CancellationToken cancellationToken = default) => spool.FindAsync(id, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<StoredRecipient>> RecipientsAsync(MessageId id, CancellationToken cancellationToken = default) =>
        spool.RecipientsAsync(id, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<SpoolEvent>> EventsAsync(MessageId id, CancellationToken cancellationToken = default) =>
        spool.EventsAsync(id, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<SpoolEvent>> EventsAfterAsync(long after, int maximum, CancellationToken cancellationToken = default) =>
        spool.EventsAfterAsync(after, maximum, cancellationToken);

    /// <inheritdoc/>
    public ValueTask WaitForEventsAsync(long after, CancellationToken cancellationToken = default) => spool.WaitForEventsAsync(after, cancellationToken);

    /// <inheritdoc/>
    public ValueTask AppendEventsAsync(IReadOnlyList<NewEvent> events, CancellationToken cancellationToken = default) =>
        spool.AppendEventsAsync(events, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<QueueItem>> ListAsync(
        QueueFilter filter, bool newestFirst = false, QueueCursor? after = null, int maximum = 100, CancellationToken cancellationToken = default) =>
        spool.ListAsync(filter, newestFirst, after, maximum, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<long> ChangeAsync(QueueFilter filter, QueueChange change, CancellationToken cancellationToken = default) =>
        spool.ChangeAsync(filter, change, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<long> PurgeAsync(QueueFilter filter, CancellationToken cancellationToken = default) => spool.PurgeAsync(filter, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<QueueFigures> FiguresAsync(CancellationToken cancellationToken = default) => spool.FiguresAsync(cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<DestinationFigures>> DestinationsAsync(int maximum = 1000, CancellationToken cancellationToken = default) =>
        spool.DestinationsAsync(maximum, cancellationToken);

    /// <inheritdoc/>
    public ValueTask SuspendAsync(string destination, string reason, DateTimeOffset? until, CancellationToken cancellationToken = default) =>
        spool.SuspendAsync(destination, reason, until, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<bool> ResumeAsync(string destination, CancellationToken cancellationToken = default) => spool.ResumeAsync(destination, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<SuspendedDestination>> SuspendedAsync(CancellationToken cancellationToken = default) =>
        spool.SuspendedAsync(cancellationToken);

    private async Task EndAsync(Lease lease, CancellationToken cancellationToken)
    {
        var outcomes = new List<RecipientOutcome>(lease.Recipients.Count);
        var complaints = new List<NewEvent>();
        foreach (StoredRecipient recipient in lease.Recipients)
        {
            outcomes.Add(Simulator.Outcome(recipient, spool.Clock.GetUtcNow(), out bool complains));
            if (complains)
            {
                complaints.Add(new NewEvent(lease.Message.Id, recipient.Index, SpoolEventType.Complained, Reason: "abuse"));
            }
        }

        CompletionResult result = await spool.CompleteAsync(new Completion(lease, outcomes), cancellationToken).ConfigureAwait(false);
        if (result == CompletionResult.Stored && complaints.Count > 0)
        {
            await spool.AppendEventsAsync(complaints, cancellationToken).ConfigureAwait(false);
        }
    }
}
