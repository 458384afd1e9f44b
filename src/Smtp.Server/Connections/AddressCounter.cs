using System.Buffers.Binary;
using System.Net;

namespace Smtp.Server;

/// <summary>Counts connections per remote address: an IPv4 address, or an IPv6 /64, which is what one customer has.</summary>
internal sealed class AddressCounter
{
    private readonly Dictionary<ulong, int> _counts = [];
    private readonly Lock _lock = new();

    /// <summary>Counts a connection unless its address has as many as it may.</summary>
    internal bool TryEnter(IPAddress address, int limit)
    {
        ulong key = Key(address);
        lock (_lock)
        {
            int count = _counts.GetValueOrDefault(key);
            if (count >= limit)
            {
                return false;
            }

            _counts[key] = count + 1;
            return true;
        }
    }

    /// <summary>Takes a counted connection back.</summary>
    internal void Leave(IPAddress address)
    {
        ulong key = Key(address);
        lock (_lock)
        {
            int count = _counts.GetValueOrDefault(key);
            if (count <= 1)
            {
                _counts.Remove(key);
            }
            else
            {
                _counts[key] = count - 1;
            }
        }
    }

    /// <summary>One number for each customer.</summary>
    internal static ulong Key(IPAddress address)
    {
        Span<byte> octets = stackalloc byte[16];
        if (address.IsIPv4MappedToIPv6)
        {
            address = address.MapToIPv4();
        }

        address.TryWriteBytes(octets, out int length);

        // No /64 that routes has the upper 32 bits all zero, so that both families share one number.
        return length == 4 ? BinaryPrimitives.ReadUInt32BigEndian(octets) : BinaryPrimitives.ReadUInt64BigEndian(octets);
    }
}
