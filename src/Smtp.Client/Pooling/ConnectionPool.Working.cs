using System.Diagnostics.CodeAnalysis;

namespace Smtp.Client;

/// <content>What goes on beside those who rent: opening, closing, upkeep, and the end.</content>
internal sealed partial class ConnectionPool<T>
{
    // 32 times the back-off is the longest.
    private const int MaximumBackoffShift = 5;

    /// <summary>
    /// Upkeep, from time to time: closes what has gone stale, old or unwanted, keeps as many connections as
    /// <see cref="SmtpClientOptions.MinimumConnections"/> says, and lets a queue grow the pool again when the back-off is over.
    /// </summary>
    public void Maintain()
    {
        lock (_lock)
        {
            if (_isClosing)
            {
                return;
            }

            int kept = _idle.Count + _inUse + _opening;
            for (int i = 0; i < _idle.Count;)
            {
                PoolSlot<T> slot = _idle[i];
                PoolCloseReason? reason = slot.Connection!.IsStale() ? PoolCloseReason.Stale : ReasonToClose(slot, slot.Connection);
                bool isLong = IsOver(_options.PooledConnectionIdleTimeout, slot.Since);
                if (reason is null && isLong && kept > _options.MinimumConnections)
                {
                    reason = PoolCloseReason.IdleTimeout;
                }

                if (reason is null && !isLong)
                {
                    i++;
                    continue;
                }

                _idle.RemoveAt(i);
                if (reason is null)
                {
                    // One of the few to be kept: the server is told so before it loses patience.
                    Take(slot, isReused: true);
                    _ = PingAsync(slot);
                    continue;
                }

                _diagnostics.CountIdle(-1);
                BeginClose(slot, reason.Value);
                kept--;
            }

            while (_numbers > 0 && kept < _options.MinimumConnections && _slots.Count < _options.MaximumConnections && MayGrow())
            {
                BeginOpen();
                kept++;
            }

            Grow();
        }
    }

    /// <summary>The work of a slot: to open its connection or to close it.</summary>
    internal void Run(PoolSlot<T> slot) => _ = slot.State == PoolSlotState.Opening ? OpenAsync(slot) : CloseAsync(slot);

    /// <summary>
    /// (1) takes no more senders and fails those who wait, (2) closes idle connections, (3) waits for sends that are under way, (4) breaks
    /// those off that take longer than the grace, or than the token allows.
    /// </summary>
    internal async Task CloseAsync(TimeSpan grace, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (!_isClosing)
            {
                // (1)
                _isClosing = true;
                _diagnostics.Closing(_inUse, _waiting);
                FailWaiters(long.MaxValue, _diagnostics.ClientClosed());

                // (2)
                _diagnostics.CountIdle(-_idle.Count);
                foreach (PoolSlot<T> slot in _idle)
                {
                    BeginClose(slot, PoolCloseReason.ClientClosed);
                }

                _idle.Clear();
                if (_slots.Count == 0)
                {
                    _drained.TrySetResult();
                }
            }
        }

        await _closingSource.CancelAsync().ConfigureAwait(false);
        _acquireDeadline.Dispose();

        // (3)
        if (await IsDrainedWithinAsync(grace, cancellationToken).ConfigureAwait(false))
        {
            return;
        }

        // (4)
        T[] left;
        lock (_lock)
        {
            left = [.. _slots.Select(slot => slot.Connection).OfType<T>()];
        }

        _diagnostics.BrokenOff(left.Length);
        foreach (T connection in left)
        {
            connection.Abort();
        }

        // What hangs now hangs in the caller's content, and cannot be waited for.
        await IsDrainedWithinAsync(_options.Timeouts.Quit, CancellationToken.None).ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync() => await CloseAsync(_options.ShutdownGrace, CancellationToken.None).ConfigureAwait(false);

    [SuppressMessage("Design", "CA1031", Justification = "Whatever it is, it is told to those who wait.")]
    private async Task OpenAsync(PoolSlot<T> slot)
    {
        long began = _timeProvider.GetTimestamp();
        try
        {
            slot.Connection = await _open(_closingSource.Token).ConfigureAwait(false);
        }
        catch (Exception error)
        {
            _diagnostics.OpenFailed(error, ElapsedSince(began));
            OnOpenFailed(slot, error);
            return;
        }

        lock (_lock)
        {
            _opening--;
            OnOpened(slot, began);
            if (_isClosing)
            {
                BeginClose(slot, PoolCloseReason.ClientClosed);
            }
            else
            {
                Place(slot, isReused: false);
            }
        }
    }

    private void OnOpened(PoolSlot<T> slot, long began)
    {
        slot.OpenedAt = _timeProvider.GetTimestamp();
        _failuresOnEnd = 0;
        _diagnostics.Opened(ElapsedSince(began));
    }

    private void OnOpenFailed(PoolSlot<T> slot, Exception error)
    {
        lock (_lock)
        {
            _opening--;
            _noGrowthBefore = _timeProvider.GetTimestamp()
                + (long)((_options.ConnectBackoff * (1 << Math.Min(_failuresOnEnd, MaximumBackoffShift))).TotalSeconds * _timeProvider.TimestampFrequency);
            _failuresOnEnd++;
            if (_inUse == 0)
            {
                // See the remarks on the class.
                if (_opening == 0)
                {
                    FailWaiters(long.MaxValue, error);
                }
                else if (error is not SmtpReplyException)
                {
                    FailWaiters(slot.Number, error);
                }
            }

            Free(slot);
        }
    }

    private async Task CloseAsync(PoolSlot<T> slot)
    {
        try
        {
            await slot.Connection!.CloseAsync().ConfigureAwait(false);
            _diagnostics.Closed(slot.CloseReason, ElapsedSince(slot.OpenedAt), slot.Uses);
        }
        finally
        {
            lock (_lock)
            {
                Free(slot);
            }
        }
    }

    [SuppressMessage("Design", "CA1031", Justification = "A connection that cannot be kept is closed by Return.")]
    private async Task PingAsync(PoolSlot<T> slot)
    {
        // Away from the caller's lock.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        try
        {
            await slot.Connection!.PingAsync(_closingSource.Token).ConfigureAwait(false);
        }
        catch
        {
            // Its state says the rest.
        }

        lock (_lock)
        {
            slot.Uses--;
        }

        Return(slot);
    }

    private async Task<bool> IsDrainedWithinAsync(TimeSpan time, CancellationToken cancellationToken)
    {
        try
        {
            await _drained.Task.WaitAsync(time, _timeProvider, cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (Exception error) when (error is TimeoutException or OperationCanceledException)
        {
            return false;
        }
    }
}
