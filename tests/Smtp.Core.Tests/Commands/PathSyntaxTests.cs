using System.Text;

namespace Smtp.Core.Tests;

public class PathSyntaxTests
{
    private const PathOptions Lenient = PathOptions.AllowMissingBrackets | PathOptions.AllowLeadingSpace;
    private const PathOptions All = Lenient | PathOptions.AllowUtf8 | PathOptions.AllowNull | PathOptions.AllowPostmaster;

    private static readonly string[] UnsafeUtf8 =
    [
        "\xE2\x80\xA8", "\xE2\x80\xA9", "\x80", "\xFF", "\xC3", "\xC0\xAE", "\xE0\x80\x8A", "\xED\xA0\x80",
        "\xF0\x9F\x98", "\xF4\x90\x80\x80",
    ];

    private static readonly string[] GoodPaths =
    [
        "<ab@cd>", "<\"a\\b\"@cd.ef>", "<@x,@y:a@b>", "<a@[1.2.3.4]>", "<a@[IPv6:::1]>", "<a@[x:y]>",
        "<\xC3\xA9@\xC3\xBC>", "<>", "<Postmaster>",
    ];

    [Theory]
    [InlineData("<a@b>", "a@b", 1)]
    [InlineData("<user.name+tag@mail-1.example.com>", "user.name+tag@mail-1.example.com", 13)]
    [InlineData("<!#$%&'*+-/=?^_`{|}~@b>", "!#$%&'*+-/=?^_`{|}~@b", 19)]
    [InlineData("<0@0>", "0@0", 1)]
    [InlineData("<a@b--c>", "a@b--c", 1)]
    [InlineData("<\"\"@b>", "\"\"@b", 2)]
    [InlineData("<\"a b\"@c>", "\"a b\"@c", 5)]
    [InlineData("<\"a@b> <c\"@d>", "\"a@b> <c\"@d", 9)]
    [InlineData("<\"\\\"\\\\\\ \"@b>", "\"\\\"\\\\\\ \"@b", 8)]
    [InlineData("<\"..\"@b>", "\"..\"@b", 4)]
    // The percent hack and bang paths are local parts like others.
    [InlineData("<a%b@c>", "a%b@c", 3)]
    [InlineData("<host!user@c>", "host!user@c", 9)]
    // Source routes are skipped.
    [InlineData("<@x:a@b>", "a@b", 1)]
    [InlineData("<@x.example,@y.example:a@b>", "a@b", 1)]
    public void Paths_of_the_grammar_are_accepted(string text, string mailbox, int localPartLength)
    {
        Assert.True(PathSyntax.TryParsePath(Wire.Encode(text), PathOptions.None, out ParsedPath path));
        Assert.Equal(mailbox, text.Substring(path.Start, path.Length));
        Assert.Equal(localPartLength, path.LocalPartLength);
        Assert.Equal(text.Length, path.Consumed);
        Assert.False(path.HasUtf8);
    }

    [Theory]
    [InlineData("")]
    [InlineData("<")]
    [InlineData(">")]
    [InlineData("<>")]
    [InlineData("<a>")]
    [InlineData("<a@>")]
    [InlineData("<@b>")]
    [InlineData("<a@b")]
    [InlineData("a@b>")]
    [InlineData("a@b")]
    [InlineData(" <a@b>")]
    [InlineData("< a@b>")]
    [InlineData("<a@b >")]
    [InlineData("<a @b>")]
    [InlineData("<a@@b>")]
    [InlineData("<a@b@c>")]
    [InlineData("<.a@b>")]
    [InlineData("<a.@b>")]
    [InlineData("<a..b@c>")]
    [InlineData("<a@.b>")]
    [InlineData("<a@b.>")]
    [InlineData("<a@b..c>")]
    [InlineData("<a@-b>")]
    [InlineData("<a@b->")]
    [InlineData("<a@b-.c>")]
    [InlineData("<a@b_c>")]
    [InlineData("<a(c)@b>")]
    [InlineData("<a,b@c>")]
    [InlineData("<a;b@c>")]
    [InlineData("<a:b@c>")]
    [InlineData("<a\\b@c>")]
    [InlineData("<\"a@b>")]
    [InlineData("<\"a\\\"@b>")]
    [InlineData("<a\"b\"@c>")]
    [InlineData("<\"a\"b@c>")]
    [InlineData("<\"a\".b@c>")]
    [InlineData("<\"a\\\xC3\xA9\"@b>")]
    [InlineData("<Postmaster>")]
    [InlineData("<\xC3\xA9@b>")]
    [InlineData("<a@\xC3\xA9>")]
    [InlineData("<\"\xC3\xA9\"@b>")]
    [InlineData("<@x a@b>")]
    [InlineData("<@x,a@b>")]
    [InlineData("<@x,:a@b>")]
    [InlineData("<@x,y:a@b>")]
    [InlineData("<@:a@b>")]
    [InlineData("<:a@b>")]
    [InlineData("<@x:>")]
    [InlineData("<@x:@y:a@b>")]
    [InlineData("<@[127.0.0.1]:a@b>")]
    [InlineData("<@\xC3\xA9:a@b>")]
    public void What_is_no_path_is_refused(string text) => Assert.False(IsPath(text));

    [Theory]
    [InlineData("[127.0.0.1]")]
    [InlineData("[0.0.0.0]")]
    [InlineData("[255.255.255.255]")]
    [InlineData("[001.02.3.4]")]
    [InlineData("[IPv6:::]")]
    [InlineData("[IPv6:::1]")]
    [InlineData("[ipv6:1::]")]
    [InlineData("[IPv6:1:2:3:4:5:6:7:8]")]
    [InlineData("[IPv6:2001:0DB8::fFfF]")]
    [InlineData("[IPv6:1:2:3::4:5:6]")]
    [InlineData("[IPv6:::2:3:4:5:6:7]")]
    [InlineData("[IPv6:1:2:3:4:5:6:1.2.3.4]")]
    [InlineData("[IPv6:::ffff:1.2.3.4]")]
    [InlineData("[IPv6:::1.2.3.4]")]
    [InlineData("[IPv6:1::2:3:4:1.2.3.4]")]
    [InlineData("[x:y]")]
    [InlineData("[X25-1:!^~Z]")]
    [InlineData("[-x:y]")]
    public void Address_literals_are_domains(string text)
    {
        Assert.True(PathSyntax.IsDomain(Wire.Encode(text), PathOptions.None));
        Assert.True(PathSyntax.IsHelloName(Wire.Encode(text)));
        Assert.True(PathSyntax.TryParsePath(Wire.Encode($"<a@{text}>"), PathOptions.None, out _));
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("[")]
    [InlineData("]")]
    [InlineData("127.0.0.1]")]
    [InlineData("[127.0.0.1")]
    [InlineData("[127.0.0.1]x")]
    [InlineData("[127.0.0.1].com")]
    [InlineData("[127.0.0]")]
    [InlineData("[127.0.0.]")]
    [InlineData("[127.0.0.1.]")]
    [InlineData("[127.0.0.1.1]")]
    [InlineData("[127.0.0.256]")]
    [InlineData("[127.0.0.0001]")]
    [InlineData("[127.0.0.0x1]")]
    [InlineData("[ 127.0.0.1]")]
    [InlineData("[127..0.1]")]
    [InlineData("[localhost]")]
    [InlineData("[::1]")]
    [InlineData("[IPv6]")]
    [InlineData("[IPv6:]")]
    [InlineData("[IPv6::]")]
    [InlineData("[IPv6::1]")]
    [InlineData("[IPv6:1:]")]
    [InlineData("[IPv6:1]")]
    [InlineData("[IPv6:1:2:3:4:5:6:7]")]
    [InlineData("[IPv6:1:2:3:4:5:6:7:8:9]")]
    [InlineData("[IPv6:1:2:3:4:5:6:7::]")]
    [InlineData("[IPv6:::2:3:4:5:6:7:8]")]
    [InlineData("[IPv6:1:2:3:4::5:6:7:8]")]
    [InlineData("[IPv6:1:2:3:4::5:6:7]")]
    [InlineData("[IPv6:1::2::3]")]
    [InlineData("[IPv6::::1]")]
    [InlineData("[IPv6:12345::1]")]
    [InlineData("[IPv6:g::1]")]
    [InlineData("[IPv6:fe80::1%eth0]")]
    [InlineData("[IPv6:fe80::1%1]")]
    [InlineData("[IPv6:[::1]]")]
    [InlineData("[IPv6:1.2.3.4]")]
    [InlineData("[IPv6:::1.2.3]")]
    [InlineData("[IPv6:::1.2.3.4:1]")]
    [InlineData("[IPv6:::256.2.3.4]")]
    [InlineData("[IPv6:1::2:3:4:5:1.2.3.4]")]
    [InlineData("[IPv6:::1/64]")]
    [InlineData("[IPv4:127.0.0.1 ]")]
    [InlineData("[x:]")]
    [InlineData("[:x]")]
    [InlineData("[x-:y]")]
    [InlineData("[x_:y]")]
    [InlineData("[x:a b]")]
    [InlineData("[x:a[b]")]
    [InlineData("[x:a\\b]")]
    [InlineData("[x:\xC3\xA9]")]
    public void What_is_no_address_literal_is_refused(string text)
    {
        Assert.False(PathSyntax.IsDomain(Wire.Encode(text), PathOptions.AllowUtf8));
        Assert.False(PathSyntax.IsHelloName(Wire.Encode(text)));
        Assert.False(PathSyntax.TryParsePath(Wire.Encode($"<a@{text}>"), PathOptions.AllowUtf8, out _));
    }

    [Theory]
    [InlineData(64, true)]
    [InlineData(65, false)]
    public void A_local_part_has_64_octets_at_most(int length, bool accepted)
    {
        Assert.Equal(accepted, IsPath($"<{new string('a', length)}@b>"));
        Assert.Equal(accepted, IsPath($"<\"{new string('a', length - 2)}\"@b>"));
        string utf8 = string.Concat(Enumerable.Repeat("\xC3\xA9", length / 2)) + new string('a', length % 2);
        Assert.Equal(accepted, IsPath($"<{utf8}@b>", PathOptions.AllowUtf8));
    }

    [Theory]
    [InlineData(63, true)]
    [InlineData(64, false)]
    public void A_label_has_63_octets_at_most(int length, bool accepted)
    {
        Assert.Equal(accepted, IsPath($"<a@{new string('b', length)}>"));
        Assert.Equal(accepted, IsPath($"<a@x.{new string('b', length)}.y>", PathOptions.AllowUtf8));
    }

    [Fact]
    public void A_label_of_utf8_may_be_longer_than_its_ascii_form() =>
        Assert.True(IsPath($"<a@{string.Concat(Enumerable.Repeat("\xE4\xBE\x8B", 30))}.example>", PathOptions.AllowUtf8));

    [Theory]
    [InlineData(255, true)]
    [InlineData(256, false)]
    public void A_domain_has_255_octets_at_most(int length, bool accepted)
    {
        Assert.Equal(accepted, PathSyntax.IsDomain(Wire.Encode(Domain(length)), PathOptions.None));
        Assert.Equal(accepted, PathSyntax.IsHelloName(Wire.Encode(Domain(length))));
        Assert.Equal(accepted, PathSyntax.IsDomain(Wire.Encode($"[x:{new string('y', length - 4)}]"), PathOptions.None));
    }

    [Theory]
    [InlineData(256, true)]
    [InlineData(257, false)]
    public void A_path_has_256_octets_at_most_with_its_brackets(int length, bool accepted)
    {
        string mailbox = "a@" + Domain(length - 4);
        Assert.Equal(accepted, IsPath($"<{mailbox}>"));
        Assert.Equal(accepted, IsPath(mailbox, Lenient));
        Assert.Equal(accepted, IsPath($"  <{mailbox}>", Lenient));
        Assert.Equal(accepted, PathSyntax.TryParseMailbox(Wire.Encode(mailbox), PathOptions.None, out _));
        Assert.Equal(accepted, IsPath($"<@x:a@{Domain(length - 7)}>"));
    }

    [Theory]
    [InlineData("<\xC3\xA9@b>", 2)]
    [InlineData("<a@b\xC3\xBC" + "cher.example>", 1)]
    [InlineData("<\xE7\x94\xA8\xE6\x88\xB7@\xE4\xBE\x8B.\xE5\xB9\xBF\xE5\x91\x8A>", 6)]
    [InlineData("<\"\xC3\xA9 \xF0\x9F\x98\x80\"@b>", 9)]
    [InlineData("<\xF0\x9F\x98\x80@\xF0\x9F\x98\x80>", 4)]
    [InlineData("<\xC2\xA0@b>", 2)]
    [InlineData("<@\xC3\xA9:a@b>", 1)]
    public void Utf8_is_accepted_where_it_is_allowed(string text, int localPartLength)
    {
        Assert.True(PathSyntax.TryParsePath(Wire.Encode(text), PathOptions.AllowUtf8, out ParsedPath path));
        Assert.True(path.HasUtf8);
        Assert.Equal(localPartLength, path.LocalPartLength);
        Assert.False(IsPath(text));
    }

    // Controls, the Unicode line ends that some software downstream takes for CRLF, and what is no UTF-8.
    public static TheoryData<string> Poison =>
    [
        .. Enumerable.Range(0, 32).Append(127).Select(c => ((char)c).ToString()),
        .. Enumerable.Range(0x80, 32).Select(c => Wire.Decode(Encoding.UTF8.GetBytes(((char)c).ToString()))),
        .. UnsafeUtf8,
    ];

    [Theory]
    [MemberData(nameof(Poison))]
    public void No_control_and_no_broken_utf8_stands_anywhere_in_a_path(string poison)
    {
        foreach (string path in GoodPaths)
        {
            for (int at = 0; at < path.Length; at++)
            {
                string damaged = path.Insert(at, poison);
                Assert.False(IsPath(damaged, All), Wire.Show(Wire.Encode(damaged)));
            }

            // Behind the path it is not the path's, and is left to the parameters, which refuse it.
            Assert.True(PathSyntax.TryParsePath(Wire.Encode(path + poison), All, out ParsedPath parsed));
            Assert.Equal(path.Length, parsed.Consumed);
        }

        foreach (string name in (string[])["ab.cd", "[1.2.3.4]"])
        {
            for (int at = 0; at <= name.Length; at++)
            {
                byte[] damaged = Wire.Encode(name.Insert(at, poison));
                Assert.False(PathSyntax.IsDomain(damaged, PathOptions.AllowUtf8));
                Assert.False(PathSyntax.IsHelloName(damaged));
                Assert.False(PathSyntax.TryParseMailbox([(byte)'a', (byte)'@', .. damaged], PathOptions.AllowUtf8, out _));
            }
        }
    }

    [Theory]
    [InlineData("<>", PathOptions.AllowNull, 1, 0, 2)]
    [InlineData("<> SIZE=1", PathOptions.AllowNull, 1, 0, 2)]
    [InlineData(" <>", PathOptions.AllowNull | Lenient, 2, 0, 3)]
    [InlineData("<Postmaster>", PathOptions.AllowPostmaster, 1, 10, 12)]
    [InlineData("<POSTmaster>", PathOptions.AllowPostmaster, 1, 10, 12)]
    [InlineData("postmaster", PathOptions.AllowPostmaster | Lenient, 0, 10, 10)]
    [InlineData("   <a@b> X", PathOptions.AllowLeadingSpace, 4, 3, 8)]
    [InlineData("a@b", PathOptions.AllowMissingBrackets, 0, 3, 3)]
    [InlineData("a@b SIZE=1", PathOptions.AllowMissingBrackets, 0, 3, 3)]
    [InlineData("\"a b\"@c d", PathOptions.AllowMissingBrackets, 0, 7, 7)]
    [InlineData("  a@b", Lenient, 2, 3, 5)]
    public void Each_option_accepts_what_it_names(string text, PathOptions options, int start, int length, int consumed)
    {
        Assert.True(PathSyntax.TryParsePath(Wire.Encode(text), options, out ParsedPath path));
        Assert.Equal((start, length, consumed), (path.Start, path.Length, path.Consumed));
        Assert.False(IsPath(text));
    }

    [Theory]
    [InlineData("", PathOptions.AllowNull | Lenient)]
    [InlineData(" ", PathOptions.AllowNull | Lenient)]
    [InlineData("< >", PathOptions.AllowNull)]
    [InlineData("<@x:>", PathOptions.AllowNull)]
    [InlineData("<Postmaste>", PathOptions.AllowPostmaster)]
    [InlineData("<Postmasters>", PathOptions.AllowPostmaster)]
    [InlineData("<\"Postmaster\">", PathOptions.AllowPostmaster)]
    [InlineData("<Postmaster@>", PathOptions.AllowPostmaster)]
    [InlineData("\t<a@b>", Lenient)]
    [InlineData("< a@b>", Lenient)]
    [InlineData("a@b>", Lenient)]
    [InlineData("<a@b", Lenient)]
    [InlineData("a@b,c", Lenient)]
    [InlineData("@x:a@b", Lenient)]
    public void No_option_accepts_more_than_it_names(string text, PathOptions options) => Assert.False(IsPath(text, options));

    [Theory]
    [InlineData("a@b", true)]
    [InlineData("\"a b\"@c", true)]
    [InlineData("<a@b>", false)]
    [InlineData("a@b ", false)]
    [InlineData(" a@b", false)]
    [InlineData("a@b c", false)]
    [InlineData("", false)]
    [InlineData("<>", false)]
    public void A_mailbox_is_one_and_nothing_more(string text, bool expected) =>
        Assert.Equal(expected, PathSyntax.TryParseMailbox(Wire.Encode(text), PathOptions.AllowLeadingSpace | PathOptions.AllowNull, out _));

    [Theory]
    [InlineData("mail.example.com", true)]
    [InlineData("localhost", true)]
    [InlineData("WIN_HOST-1", true)]
    [InlineData("", false)]
    [InlineData("a b", false)]
    [InlineData("a@b", false)]
    [InlineData("<a>", false)]
    [InlineData("b\xC3\xBC" + "cher", false)]
    public void A_hello_name_is_a_domain_or_has_underscores(string text, bool expected) =>
        Assert.Equal(expected, PathSyntax.IsHelloName(Wire.Encode(text)));

    [Fact]
    public void Parsing_paths_allocates_nothing()
    {
        byte[][] paths = [.. GoodPaths.Append("a@b x").Append("<bad").Select(Wire.Encode)];
        int accepted = 0;
        Assert.Equal(0, Allocations.Of(() =>
        {
            foreach (byte[] path in paths)
            {
                accepted += PathSyntax.TryParsePath(path, All, out _) ? 1 : 0;
            }
        }));
        Assert.Equal((GoodPaths.Length + 1) * 200, accepted);
    }

    private static bool IsPath(string text, PathOptions options = PathOptions.None) =>
        PathSyntax.TryParsePath(Wire.Encode(text), options, out _);

    private static string Domain(int length)
    {
        string label = new string('d', 62) + ".";
        string domain = string.Concat(Enumerable.Repeat(label, length / 63));
        int rest = length - domain.Length;
        return rest == 0 ? domain[..^1] + "d" : domain + new string('e', rest);
    }
}
