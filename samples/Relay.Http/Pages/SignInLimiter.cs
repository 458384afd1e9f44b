using System.Net;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Http;

namespace Relay.Http;

/// <summary>
/// Bounds guesses at the sign-in: ten wrong keys at once from an address, and one more each half minute. Right keys cost nothing. Who is signed in, and the API,
/// are not concerned.
/// </summary>
/// <remarks>Behind a proxy all come from the proxy's address. Of IPv6 the network counts (64 bits), as whoever has one address there has them all.</remarks>
internal sealed class SignInLimiter : IDisposable
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

    /// <summary>Asks before a key is looked at.</summary>
    /// <returns>Null if it may be, else the time after which to try again.</returns>
    internal TimeSpan? Refusal(HttpContext context)
    {
        // No token is taken: this asks whether there is one.
        using RateLimitLease lease = _wrong.AttemptAcquire(Address(context), 0);
        return lease.IsAcquired ? null : lease.TryGetMetadata(MetadataName.RetryAfter, out TimeSpan after) ? after : Each;
    }

    /// <summary>Counts a key that was none.</summary>
    internal void Failed(HttpContext context) => _wrong.AttemptAcquire(Address(context)).Dispose();

    /// <summary>Stops the limiter's timer.</summary>
    public void Dispose() => _wrong.Dispose();

    // Null is a connection without an address, such as a Unix socket: all of those together.
    private static IPAddress Address(HttpContext context) => context.Connection.RemoteIpAddress ?? IPAddress.None;

    private static UInt128 Network(IPAddress address)
    {
        Span<byte> octets = stackalloc byte[16];
        address.MapToIPv6().TryWriteBytes(octets, out _);
        UInt128 whole = System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(octets);
        return address.IsIPv4MappedToIPv6 || address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork ? whole : whole >> 64;
    }
}
