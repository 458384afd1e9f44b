using FsCheck;
using FsCheck.Fluent;

namespace Smtp.Core.Tests;

/// <summary>Paths made from RFC 5321's grammar, with lengths at the limits, and damaged ones.</summary>
public static class PathArbitrary
{
    /// <summary>Paths.</summary>
    public static Arbitrary<PathText> Paths() =>
        TextArbitrary.From(Path).Convert(text => new PathText(text), path => path.Text);

    private static Gen<string> Atom => Gen.Frequency(
        (8, Gen.Elements("a", "user", "x-y", "!#$%&'*+/=?^_`{|}~", "postmaster", "0")),
        (2, Gen.Elements("\xC3\xA9", "\xE7\x94\xA8\xE6\x88\xB7", "\xF0\x9F\x98\x80")),
        (2, Gen.Choose(58, 66).Select(length => new string('l', length))));

    private static Gen<string> QuotedContent =>
        Gen.Elements("a", " ", "@", ">", "<", "\\\"", "\\\\", "\\ ", "]", ",", ":", "\xC3\xA9", ".", "..");

    private static Gen<string> LocalPart => Gen.Frequency(
        (4, TextArbitrary.Sequence(Atom, 1, 3, ".")),
        (2, TextArbitrary.Sequence(QuotedContent, 0, 6, "").Select(content => $"\"{content}\"")),
        (1, Gen.Elements("Postmaster", "POSTMASTER", "\"postmaster\"")));

    private static Gen<string> Label => Gen.Frequency(
        (8, Gen.Elements("b", "example", "x--y", "0", "mail-1", "com")),
        (2, Gen.Elements("b\xC3\xBC" + "cher", "\xE4\xBE\x8B")),
        (2, Gen.Choose(60, 65).Select(length => new string('d', length))),
        (1, Gen.Choose(1, 30).Select(count => string.Concat(Enumerable.Repeat("\xE4\xBE\x8B", count)))));

    private static Gen<string> Name => TextArbitrary.Sequence(Label, 1, 4, ".");

    private static Gen<string> Ipv4 => TextArbitrary.Sequence(Gen.Elements("0", "1", "10", "192", "255", "256", "001", "299"), 4, 4, ".");

    private static Gen<string> Ipv6 =>
        from head in TextArbitrary.Sequence(Gen.Elements("0", "1", "ab", "FFFF", "2001"), 0, 8, ":")
        from middle in Gen.Frequency((1, Gen.Constant("")), (3, Gen.Constant("::")))
        from tail in TextArbitrary.Sequence(Gen.Elements("0", "1", "ab", "FFFF", "2001"), 0, 5, ":")
        from ipv4 in Gen.Frequency((3, Gen.Constant("")), (1, Ipv4))
        select head + middle + tail + (tail.Length > 0 && ipv4.Length > 0 ? ":" : "") + ipv4;

    private static Gen<string> Literal => Gen.OneOf(
        Ipv4,
        Ipv6.Select(address => "IPv6:" + address),
        Gen.Elements("x:y", "tag-1:!~", "-t:[", "t-:x", ":x", "x:", "IPV6:::", "ipv6:::1", "IPv6:fe80::1%1", "x:a>b"))
        .Select(content => $"[{content}]");

    private static Gen<string> Domain => Gen.Frequency((4, Name), (2, Literal));

    private static Gen<string> Mailbox => Gen.Frequency(
        (10, Gen.Zip(LocalPart, Domain).Select(parts => $"{parts.Item1}@{parts.Item2}")),
        (1, LocalPart));

    private static Gen<string> AtDomain => Gen.Frequency((5, Name), (1, Literal)).Select(name => "@" + name);

    private static Gen<string> Route => Gen.Frequency(
        (5, Gen.Constant("")),
        (1, TextArbitrary.Sequence(AtDomain, 1, 3, ",").Select(names => names + ":")));

    private static Gen<string> Path =>
        from lead in Gen.Frequency((8, Gen.Constant("")), (1, Gen.Constant(" ")), (1, Gen.Constant("  ")))
        from path in Gen.Frequency(
            (10, Gen.Zip(Route, Mailbox).Select(parts => $"<{parts.Item1}{parts.Item2}>")),
            (2, Mailbox),
            (1, Gen.Constant("<>")))
        from tail in Gen.Elements("", "", " ", " SIZE=1", " A>", "x", ">")
        select lead + path + tail;
}
