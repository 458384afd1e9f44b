using System.Buffers.Binary;
using System.Net;
using System.Security.Cryptography;
using System.Text;

namespace Smtp.Server;

/// <summary>
/// Bounds the AUTH exchanges that fail, per address and per account, over all sessions. Thread-safe. A token is taken before the credentials are looked at and
/// put back if they were right, so that guesses in many sessions at once get no further than one after the other.
/// </summary>
internal sealed class AuthenticationThrottle(SmtpAuthenticationLimits limits)
{
    private static readonly long KnownFor = (long)TimeSpan.FromDays(7).TotalMilliseconds;

    // So that nobody can compute which names share a bucket; and no name need be kept.
    private readonly byte[] _secret = RandomNumberGenerator.GetBytes(32);
    private readonly Lock _lock = new();
    private readonly FailureBuckets _addresses = new(limits.FailuresPerAddress, (long)limits.Period.TotalMilliseconds, limits.MaximumRemembered);
    private readonly FailureBuckets _accounts = new(limits.FailuresPerAccount, (long)limits.Period.TotalMilliseconds, limits.MaximumRemembered);

    // Until when an address is known to be an account's.
    private readonly AgingTable _known = new(limits.MaximumRemembered);

    /// <summary>How many entries are kept.</summary>
    internal int Count
    {
        get
        {
            lock (_lock)
            {
                return _addresses.Count + _accounts.Count + _known.Count;
            }
        }
    }

    /// <summary>Asks whether credentials may be looked at, and counts them as wrong ones until <see cref="Forgive"/>.</summary>
    /// <param name="address">Whose; null if the transport has none.</param>
    /// <param name="account">The name that they are for; empty if they have none.</param>
    /// <param name="now">The server's clock in milliseconds.</param>
    /// <param name="attempt">What to hand to <see cref="Forgive"/>.</param>
    /// <returns>Who has failed too often, or <see cref="ThrottleScope.None"/>.</returns>
    internal ThrottleScope TryBegin(IPAddress? address, string account, long now, out AuthenticationAttempt attempt)
    {
        UInt128? byAddress = address is null ? null : AddressCounter.Key(address);
        UInt128? byAccount = account.Length == 0 ? null : Hash(account, null);
        UInt128? byBoth = byAccount is null || byAddress is null ? null : Hash(account, byAddress);
        attempt = new AuthenticationAttempt(byAddress, byAccount, byBoth);
        lock (_lock)
        {
            if (byAddress is { } one && !_addresses.CanTake(one, now))
            {
                return ThrottleScope.Address;
            }

            bool isKnown = byBoth is { } pair && _known.TryGet(pair, out long until) && now < until;
            if (byAccount is { } name && !isKnown && !_accounts.CanTake(name, now))
            {
                return ThrottleScope.Account;
            }

            if (byAddress is { } taken)
            {
                _addresses.Take(taken, now);
            }

            if (isKnown)
            {
                // A user who mistypes at home must not be locked out elsewhere for it.
                attempt = attempt with { Account = null };
            }
            else if (byAccount is { } other)
            {
                _accounts.Take(other, now);
            }

            return ThrottleScope.None;
        }
    }

    /// <summary>Says that an attempt was not one with wrong credentials.</summary>
    /// <param name="attempt">Which.</param>
    /// <param name="now">The server's clock in milliseconds.</param>
    /// <param name="succeeded">Whether they were right; false if nobody could tell.</param>
    internal void Forgive(AuthenticationAttempt attempt, long now, bool succeeded)
    {
        lock (_lock)
        {
            if (attempt.Address is { } address)
            {
                _addresses.Return(address);
            }

            if (attempt.Account is { } account)
            {
                _accounts.Return(account);
            }

            if (succeeded && attempt.Both is { } both)
            {
                _known.Set(both, now + KnownFor);
            }
        }
    }

    private UInt128 Hash(string account, UInt128? address)
    {
        string folded = account.ToUpperInvariant();
        byte[] text = new byte[_secret.Length + 16 + Encoding.UTF8.GetByteCount(folded)];
        _secret.CopyTo(text, 0);
        BinaryPrimitives.WriteUInt128LittleEndian(text.AsSpan(_secret.Length), address + 1 ?? 0);
        Encoding.UTF8.GetBytes(folded, text.AsSpan(_secret.Length + 16));
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(text, hash);
        return BinaryPrimitives.ReadUInt128LittleEndian(hash);
    }
}
