using System.Collections.Concurrent;
using Microsoft.Extensions.Time.Testing;

namespace Smtp.Client.Tests;

/// <summary>
/// The pool against a model: random interleavings of rent, return, failure, cancellation, time and closing. After each step the pool must
/// stand as the rules say: never more connections than allowed, whoever came first is served first, nobody waits beside an idle connection,
/// and nothing is lost.
/// </summary>
public sealed class PoolModelTests : IAsyncDisposable
{
    private const int MaximumConnections = 3;

    private readonly FakeTimeProvider _time = new();
    private readonly ConcurrentQueue<TaskCompletionSource<FakeConnection>> _openings = new();
    private readonly List<(Task<PoolSlot<FakeConnection>> Task, CancellationTokenSource Cancellation)> _waiting = [];
    private readonly List<PoolSlot<FakeConnection>> _rented = [];
    private readonly List<FakeConnection> _all = [];
    private ConnectionPool<FakeConnection> _pool = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 40)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public async Task The_pool_keeps_its_rules(int seed)
    {
        var options = new SmtpClientOptions
        {
            Host = "mx.test",
            MaximumConnections = MaximumConnections,
            MaximumMessagesPerConnection = 5,
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(20),
            PooledConnectionLifetime = TimeSpan.FromSeconds(90),
            AcquireTimeout = TimeSpan.FromSeconds(40),
            TimeProvider = _time,
        };
        _pool = new ConnectionPool<FakeConnection>(options, new PoolDiagnostics(options), _ =>
        {
            var opening = new TaskCompletionSource<FakeConnection>(TaskCreationOptions.RunContinuationsAsynchronously);
            _openings.Enqueue(opening);
            return new ValueTask<FakeConnection>(opening.Task);
        });
        var random = new Random(seed);
        for (int step = 0; step < 200; step++)
        {
            switch (random.Next(12))
            {
                case 0 or 1 or 2:
                    var cancellation = new CancellationTokenSource();
                    _waiting.Add((_pool.RentAsync(cancellation.Token).AsTask(), cancellation));
                    break;
                case 3 or 4 or 5 when _rented.Count > 0:
                    Return(random.Next(_rented.Count), isUsable: random.Next(5) > 0);
                    break;
                case 6 or 7 when await TakeOpeningAsync() is { } opening:
                    var connection = new FakeConnection();
                    _all.Add(connection);
                    opening.SetResult(connection);
                    break;
                case 8 when await TakeOpeningAsync() is { } opening:
                    opening.SetException(new SmtpTransportException(TransportFailure.ConnectFailed, "No.", "mx.test", 25, SmtpStage.Connect, null, null));
                    break;
                case 9 when _waiting.Count > 0:
                    await _waiting[random.Next(_waiting.Count)].Cancellation.CancelAsync();
                    break;
                case 10:
                    _time.Advance(TimeSpan.FromSeconds(random.Next(1, 12)));
                    _pool.Maintain();
                    break;
                case 11 when _all.Count > 0:
                    _all[random.Next(_all.Count)].IsGone = true;
                    break;
            }

            await SettleAsync();
        }

        await CloseAsync(options);
    }

    public async ValueTask DisposeAsync() => await _pool.DisposeAsync();

    private void Return(int index, bool isUsable)
    {
        PoolSlot<FakeConnection> slot = _rented[index];
        _rented.RemoveAt(index);
        slot.Connection!.IsUsable &= isUsable;
        _pool.Return(slot);
    }

    private async Task<TaskCompletionSource<FakeConnection>?> TakeOpeningAsync()
    {
        if (_pool.Statistics.Opening == 0)
        {
            return null;
        }

        TaskCompletionSource<FakeConnection>? opening;
        while (!_openings.TryDequeue(out opening))
        {
            await Task.Delay(1, Token);
        }

        return opening;
    }

    /// <summary>Waits until nothing moves by itself any more, takes up what has become of those who waited, and checks the rules.</summary>
    private async Task SettleAsync()
    {
        SmtpPoolStatistics statistics;
        while (true)
        {
            foreach (FakeConnection connection in _all)
            {
                if (connection.IsClosing)
                {
                    connection.FinishClosing();
                }
            }

            // The first who are no longer in the queue are told so soon; those who are still in it are the last to have come.
            for (int i = 0; i < _waiting.Count;)
            {
                if (_waiting[i].Task.IsCompletedSuccessfully)
                {
                    Assert.All(_waiting[..i], earlier => Assert.True(earlier.Task.IsCompleted || earlier.Cancellation.IsCancellationRequested, "overtaken"));
                    _rented.Add(_waiting[i].Task.Result);
                    _waiting.RemoveAt(i);
                }
                else if (_waiting[i].Task.IsCompleted)
                {
                    Exception error = await Assert.ThrowsAnyAsync<Exception>(() => _waiting[i].Task);
                    Assert.True(error is SmtpTransportException or OperationCanceledException, error.ToString());
                    Assert.True(error is not OperationCanceledException || _waiting[i].Cancellation.IsCancellationRequested);
                    _waiting.RemoveAt(i);
                }
                else
                {
                    i++;
                }
            }

            statistics = _pool.Statistics;
            bool isSettled = statistics.Waiting == _waiting.Count
                && statistics.InUse == _rented.Count
                && statistics.Connections == statistics.Idle + statistics.InUse + statistics.Opening
                && statistics.Opening == _openings.Count;
            if (isSettled)
            {
                break;
            }

            await Task.Delay(1, Token);
        }

        Assert.InRange(statistics.Connections, 0, MaximumConnections);
        Assert.True(statistics.Waiting == 0 || statistics.Idle == 0, "somebody waits beside an idle connection");
        Assert.True(statistics.Waiting == 0 || statistics.InUse + statistics.Opening > 0, "somebody waits for nothing");
        Assert.Equal(_rented.Count, _rented.Distinct().Count());
    }

    private async Task CloseAsync(SmtpClientOptions options)
    {
        Task closing = _pool.CloseAsync(options.ShutdownGrace, Token);
        while (_openings.TryDequeue(out TaskCompletionSource<FakeConnection>? opening))
        {
            opening.SetCanceled(Token);
        }

        while (_rented.Count > 0)
        {
            Return(0, isUsable: true);
        }

        while (!closing.IsCompleted)
        {
            foreach (FakeConnection connection in _all.Where(connection => connection.IsClosing))
            {
                connection.FinishClosing();
            }

            while (_openings.TryDequeue(out TaskCompletionSource<FakeConnection>? opening))
            {
                opening.SetCanceled(Token);
            }

            await Task.Delay(1, Token);
        }

        await closing;
        foreach ((Task<PoolSlot<FakeConnection>> task, CancellationTokenSource cancellation) in _waiting)
        {
            var error = await Assert.ThrowsAsync<SmtpTransportException>(() => task);
            Assert.Equal(TransportFailure.ClientClosed, error.Failure);
            cancellation.Dispose();
        }

        Assert.Equal(default, _pool.Statistics);
        Assert.All(_all, connection => Assert.True(connection.IsClosing));
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await _pool.RentAsync(Token));
    }
}
