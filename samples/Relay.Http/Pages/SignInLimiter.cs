using System.Net;
using System.Threading.RateLimiting;

namespace Relay.Http;

/// <summary>
/// Looks at keys of the sign-in, and bounds guesses: ten wrong ones at once from an address, and one more each half minute. Right keys cost nothing. Who is
/// signed in, and the API, are not concerned.
/// </summary>
/// <remarks>Behind a proxy all come from the proxy's address. Of IPv6 the network counts (64 bits), as whoever has one address there has them all.</remarks>
internal sealed class SignInLimiter(KeyStore keys) : IDisposable
{
    private const int AtOnce = 10;

    private static readonly TimeSpan Each = TimeSpan.FromSeconds(30);

    private readonly PartitionedRateLimiter<IPAddress> _wrong = PartitionedRateLimiter.Create<IPAddress, UInt128>(address =>
        RateLimitPartition.GetTokenBucketLimiter(Network(address), static _ => new TokenBucketRateLimiterOptions
        {
            TokenLimit = AtOnce,
            TokensPerPeriod = 1,
            ReplenishmentPeriod = Each,
            QueueLimit = 0,
        }));

    // One after another: guesses sent all at once would all be looked at before the first is counted.
    private readonly SemaphoreSlim _turn = new(1, 1);

    /// <summary>Looks at a key.</summary>
    /// <param name="address">Where it comes from; null for a connection without an address, such as a Unix socket.</param>
    /// <param name="text">The key.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The key, null if it is none; or after how long to try again, if it was not looked at.</returns>
    internal async Task<(ApiKey? Key, TimeSpan? RetryAfter)> VerifyAsync(IPAddress? address, string text, CancellationToken cancellationToken)
    {
        address ??= IPAddress.None;
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (_wrong.GetStatistics(address) is { CurrentAvailablePermits: < 1 })
            {
                return (null, Each);
            }

            ApiKey? key = await keys.VerifyAsync(text, cancellationToken).ConfigureAwait(false);
            if (key is null)
            {
                _wrong.AttemptAcquire(address).Dispose();
            }

            return (key, null);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Stops the limiter's timer.</summary>
    public void Dispose()
    {
        _wrong.Dispose();
        _turn.Dispose();
    }

    private static UInt128 Network(IPAddress address)
    {
        Span<byte> octets = stackalloc byte[16];
        IPAddress mapped = address.MapToIPv6();
        mapped.TryWriteBytes(octets, out _);
        UInt128 whole = System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(octets);
        return mapped.IsIPv4MappedToIPv6 ? whole : whole >> 64;
    }
}
