using Microsoft.Extensions.Logging;
using Relay.Spool;

namespace Relay.Http;

/// <summary>Sums up events behind the queue's back, which never waits for it.</summary>
internal sealed class FigureReader(ISpool spool, FigureStore figures, TimeProvider time, ILogger logger)
{
    // Large enough that a busy hour's sums are written once for many events.
    private const int Batch = 20_000;

    // Live charts need no more, and events that came meanwhile cost one transaction together, and one row for each sum that they share.
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    // An event is told of a little after it happened.
    private static readonly TimeSpan DayIsOver = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan AfterFailure = TimeSpan.FromSeconds(5);

    private long _cursor;

    /// <summary>The last event in the sums.</summary>
    internal long Cursor => Volatile.Read(ref _cursor);

    /// <summary>Reads until it is stopped.</summary>
    internal async Task RunAsync(CancellationToken stopping)
    {
        Volatile.Write(ref _cursor, figures.Cursor());
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                await spool.WaitForEventsAsync(_cursor, stopping).ConfigureAwait(false);
                IReadOnlyList<SpoolEvent> events = await spool.EventsAfterAsync(_cursor, Batch, stopping).ConfigureAwait(false);
                if (events.Count > 0)
                {
                    await figures.AddAsync(events, stopping).ConfigureAwait(false);
                    Volatile.Write(ref _cursor, events[^1].Id);
                    await figures.SumDaysAsync(events[^1].At - DayIsOver, stopping).ConfigureAwait(false);
                }

                if (events.Count < Batch)
                {
                    await Task.Delay(Pause, time, stopping).ConfigureAwait(false);
                }
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                return;
            }
            catch (Exception error)
            {
                // Whatever it is: the cursor stands where the sums stand, so that trying again is safe.
                HttpLog.FiguresFailed(logger, error);
                await Task.Delay(AfterFailure, time, stopping).ContinueWith(static _ => { }, TaskScheduler.Default).ConfigureAwait(false);
            }
        }
    }
}
