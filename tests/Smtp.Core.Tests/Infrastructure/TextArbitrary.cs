using FsCheck;
using FsCheck.Fluent;

namespace Smtp.Core.Tests;

/// <summary>Random command text: made from the grammar, then damaged in half of the cases.</summary>
internal static class TextArbitrary
{
    private static readonly string[] Damage =
    [
        "\r", "\n", "\r\n", "\0", " ", "\t", "<", ">", "@", ":", ",", ".", "..", "\"", "\\",
        "[", "]", "-", "=", "+", ";", "a", "0", "\x7F", "\x80", "\xFF",
        "\xC2\x85", "\xC2\xA0", "\xC3\xA9",
        "\xE2\x80\xA8", "\xE2\x80\xA9", "\xE2\x80\xA7", "\xC0\xAE", "\xED\xA0\x80", "\xF0\x9F\x98\x80", "\xF4\x90\x80\x80",
    ];

    /// <summary>Octets as a Latin-1 text, so that a report shows them.</summary>
    public static Arbitrary<string> From(Gen<string> grammar) => Arb.From(Gen.OneOf(grammar, grammar.SelectMany(Damaged)), Shrink);

    /// <summary>One of the texts, or a few of them in a row.</summary>
    public static Gen<string> Sequence(Gen<string> item, int minimum, int maximum, string separator) =>
        from count in Gen.Choose(minimum, maximum)
        from items in item.ListOf(count)
        select string.Join(separator, items);

    private static Gen<(int At, string Damage, int Kind)> AnyEdit =>
        from at in Gen.Choose(0, 10_000)
        from damage in Gen.Elements(Damage)
        from kind in Gen.Choose(0, 2)
        select (at, damage, kind);

    private static Gen<string> Damaged(string text) =>
        from count in Gen.Choose(1, 3)
        from edits in AnyEdit.ListOf(count)
        select edits.Aggregate(text, Edit);

    private static string Edit(string text, (int At, string Damage, int Kind) edit)
    {
        int at = edit.At % (text.Length + 1);
        int removed = edit.Kind == 0 ? 0 : Math.Min(1, text.Length - at);
        return text.Remove(at, removed).Insert(at, edit.Kind == 1 ? "" : edit.Damage);
    }

    private static IEnumerable<string> Shrink(string text) => Enumerable.Range(0, text.Length).Select(i => text.Remove(i, 1));
}
