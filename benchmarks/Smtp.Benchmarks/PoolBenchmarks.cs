using BenchmarkDotNet.Attributes;
using Microsoft.Extensions.ObjectPool;
using Smtp.Client;

namespace Smtp.Benchmarks;

/// <summary>
/// Taking a connection from the pool and giving it back, without any network: what the pool adds to each message. Beside it the general pool of
/// objects, which has no order, no limits, no lifetimes and no metrics: the least that a pool can cost.
/// </summary>
[MemoryDiagnoser]
public class PoolBenchmarks
{
    private readonly Waiter _first = new();
    private readonly Waiter _second = new();
    private readonly ObjectPool<object> _objects = new DefaultObjectPool<object>(new DefaultPooledObjectPolicy<object>());
    private ConnectionPool<IdleConnection>? _pool;

    [GlobalSetup]
    public async Task Setup()
    {
        var options = new SmtpClientOptions { Host = "mx.example.com", MaximumConnections = 1, MaximumMessagesPerConnection = int.MaxValue };
        _pool = new ConnectionPool<IdleConnection>(options, new PoolDiagnostics(options), _ => ValueTask.FromResult(new IdleConnection()));

        // The connection that there is from now on.
        _pool.Return(await _pool.RentAsync(CancellationToken.None));
    }

    [GlobalCleanup]
    public async Task Cleanup() => await _pool!.DisposeAsync();

    [Benchmark(Baseline = true)]
    public void Object_pool()
    {
        object item = _objects.Get();
        _objects.Return(item);
    }

    [Benchmark]
    public void Rent_and_return()
    {
        _pool!.TryRent(_first, out PoolSlot<IdleConnection>? slot);
        _pool.Return(slot!);
    }

    /// <summary>The only connection is in use: the second waits, gets it when the first gives it back, on another thread, and gives it back.</summary>
    [Benchmark]
    public void Rent_wait_and_return()
    {
        _pool!.TryRent(_first, out PoolSlot<IdleConnection>? slot);
        _pool.TryRent(_second, out _);
        _pool.Return(slot!);
        _pool.Return(_second.Await());
    }

    private sealed class Waiter : PoolWaiter<IdleConnection>
    {
        private PoolSlot<IdleConnection>? _rented;

        internal override bool CanShare => false;

        internal PoolSlot<IdleConnection> Await()
        {
            PoolSlot<IdleConnection>? slot;
            var spin = new SpinWait();
            while ((slot = Interlocked.Exchange(ref _rented, null)) is null)
            {
                spin.SpinOnce();
            }

            return slot;
        }

        protected override void OnRented(PoolSlot<IdleConnection> slot) => Volatile.Write(ref _rented, slot);

        protected override void OnFailed(Exception error) => throw new InvalidOperationException("The pool gave no connection.", error);
    }

    private sealed class IdleConnection : IPoolConnection
    {
        public bool IsUsable => true;

        public int? MaximumMessages => null;

        public bool IsStale() => false;

        public ValueTask PingAsync(CancellationToken cancellationToken) => default;

        public ValueTask CloseAsync() => default;

        public void Abort()
        {
        }
    }
}
