using System.Diagnostics.CodeAnalysis;

namespace Relay.Spool;

/// <summary>
/// The queue's name for a message: a UUID of version 7 (RFC 9562 §5.7), written as 32 hexadecimal digits. It stands in the 250 reply, in the <c>Received:</c>
/// field, on every log line and in the API. Its first 60 free bits, time and counter (RFC 9562 §6.2 method 1), are the message's place in the store and sort
/// by age; the rest is random, so that nobody guesses another's.
/// </summary>
public readonly record struct MessageId : IComparable<MessageId>
{
    private readonly UInt128 _bits;

    private MessageId(UInt128 bits) => _bits = bits;

    /// <summary>The place in the store: milliseconds since 1970 times 4096, and a counter.</summary>
    internal long Key => (long)(((ulong)(_bits >> 80) << 12) | ((ulong)(_bits >> 64) & 0xFFF));

    /// <summary>The random part.</summary>
    internal long Tail => (long)(ulong)_bits;

    /// <summary>Reads 32 hexadecimal digits.</summary>
    /// <exception cref="FormatException">It is no such text.</exception>
    public static MessageId Parse(string text) =>
        TryParse(text, out MessageId id) ? id : throw new FormatException("A message id is 32 hexadecimal digits.");

    /// <inheritdoc cref="Parse"/>
    /// <param name="text">The text.</param>
    /// <param name="id">The id.</param>
    /// <returns>Whether the text is one.</returns>
    public static bool TryParse([NotNullWhen(true)] string? text, out MessageId id)
    {
        id = default;
        if (text is null || !Guid.TryParseExact(text, "N", out Guid guid))
        {
            return false;
        }

        Span<byte> octets = stackalloc byte[16];
        _ = guid.TryWriteBytes(octets, bigEndian: true, out _);
        id = new MessageId(System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(octets));
        return true;
    }

    /// <summary>Makes the id that stands at a place of the store.</summary>
    internal static MessageId Create(long key, long tail)
    {
        ulong high = (((ulong)key >> 12) << 16) | 0x7000 | ((ulong)key & 0xFFF);
        return new MessageId(new UInt128(high, ((ulong)tail & 0x3FFF_FFFF_FFFF_FFFF) | 0x8000_0000_0000_0000));
    }

    /// <summary>The first place of a point in time.</summary>
    internal static long FirstKey(DateTimeOffset time) => Math.Max(0, time.ToUnixTimeMilliseconds()) << 12;

    /// <summary>As a <see cref="Guid"/>, which compares and writes the same.</summary>
    public Guid ToGuid()
    {
        Span<byte> octets = stackalloc byte[16];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt128BigEndian(octets, _bits);
        return new Guid(octets, bigEndian: true);
    }

    /// <summary>By age.</summary>
    public int CompareTo(MessageId other) => _bits.CompareTo(other._bits);

    /// <summary>32 lower-case hexadecimal digits.</summary>
    public override string ToString() => ToGuid().ToString("N");

    /// <summary>Whether the first is older.</summary>
    public static bool operator <(MessageId left, MessageId right) => left._bits < right._bits;

    /// <summary>Whether the first is newer.</summary>
    public static bool operator >(MessageId left, MessageId right) => left._bits > right._bits;

    /// <summary>Whether the first is older or the same.</summary>
    public static bool operator <=(MessageId left, MessageId right) => left._bits <= right._bits;

    /// <summary>Whether the first is newer or the same.</summary>
    public static bool operator >=(MessageId left, MessageId right) => left._bits >= right._bits;
}
