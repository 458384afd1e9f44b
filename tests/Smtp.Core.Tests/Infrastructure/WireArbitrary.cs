using FsCheck;
using FsCheck.Fluent;

namespace Smtp.Core.Tests;

/// <summary>Random wires: octets biased to those that framing cares for, at random cuts.</summary>
public static class WireArbitrary
{
    private static readonly string[] Tokens =
        ["\r", "\n", ".", "\r\n", "\r\n", "\r\n.\r\n", "\r\n.", "..", "\0", "a", "bc", "\x85", "\n.\n", "\r\r\n", "a line\r\n", "\x8D\x8A"];

    /// <summary>Any octets.</summary>
    public static Arbitrary<Wire> Wires() => Arb.From(AnyWire, Shrink);

    private static Gen<string> Token => Gen.Frequency(
        (12, Gen.Elements(Tokens)),
        (1, Gen.Choose(0, 255).Select(octet => ((char)octet).ToString())),
        (1, Gen.Choose(1, 80).Select(length => new string('x', length))));

    private static Gen<Wire> AnyWire =>
        from tokens in Token.ListOf()
        let octets = Wire.Encode(string.Concat(tokens))
        from cuts in Gen.Choose(0, octets.Length).ListOf()
        from delivery in Gen.Elements(Delivery.Segments, Delivery.Reads)
        select new Wire(octets, [.. cuts.Order()], delivery);

    /// <summary>Fewer octets, whole and octet by octet: those two show nearly every fault, and read best.</summary>
    private static IEnumerable<Wire> Shrink(Wire wire)
    {
        byte[] octets = wire.Octets.ToArray();
        for (int i = 0; i < octets.Length; i++)
        {
            byte[] fewer = [.. octets[..i], .. octets[(i + 1)..]];
            yield return new Wire(fewer, [], Delivery.Segments);
            if (fewer.Length > 1)
            {
                yield return new Wire(fewer, [.. Enumerable.Range(1, fewer.Length - 1)], Delivery.Reads);
            }
        }
    }
}
