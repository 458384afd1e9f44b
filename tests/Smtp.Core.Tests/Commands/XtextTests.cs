using System.Buffers;

namespace Smtp.Core.Tests;

public class XtextTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("abc", "abc")]
    [InlineData("QQ314159", "QQ314159")]
    [InlineData("e+3Dmc2@example.com", "e=mc2@example.com")]
    [InlineData("+2B+3D+20", "+= ")]
    [InlineData("+00+0D+0A+FF", "\0\r\n\xFF")]
    [InlineData("!~", "!~")]
    public void What_is_well_formed_is_decoded(string text, string decoded)
    {
        Assert.True(Xtext.IsValid(Wire.Encode(text)));
        byte[] destination = new byte[text.Length];
        Assert.True(Xtext.TryDecode(Wire.Encode(text), destination, out int written));
        Assert.Equal(decoded, Wire.Decode(destination.AsSpan(0, written)));
    }

    [Theory]
    [InlineData("+")]
    [InlineData("a+4")]
    [InlineData("+4a")]
    [InlineData("+a4")]
    [InlineData("+G0")]
    [InlineData("++41")]
    [InlineData("a=b")]
    [InlineData("a b")]
    [InlineData("a\r\nb")]
    [InlineData("\0")]
    [InlineData("\x7F")]
    [InlineData("\xC3\xA9")]
    public void What_is_not_is_refused(string text)
    {
        Assert.False(Xtext.IsValid(Wire.Encode(text)));
        Assert.False(Xtext.IsPrintable(Wire.Encode(text)));
        Assert.False(Xtext.TryDecode(Wire.Encode(text), new byte[text.Length], out int written));
        Assert.Equal(0, written);
    }

    [Theory]
    [InlineData("a+20b+09c+2B+7E", true)]
    [InlineData("+0D+0ABcc:x", false)]
    [InlineData("a+00", false)]
    [InlineData("+1F", false)]
    [InlineData("+7F", false)]
    [InlineData("+C3+A9", false)]
    public void Printable_is_what_stands_for_graphic_and_white_space_only(string text, bool expected) =>
        Assert.Equal(expected, Xtext.IsPrintable(Wire.Encode(text)));

    [Theory]
    [InlineData("a=b+c d\r\n\0\xFF~!", "a+3Db+2Bc+20d+0D+0A+00+FF~!")]
    [InlineData("", "")]
    public void Encoding_leaves_xchars_as_they_are(string octets, string expected)
    {
        var output = new ArrayBufferWriter<byte>();
        Xtext.Encode(Wire.Encode(octets), output);
        Assert.Equal(expected, Wire.Decode(output.WrittenSpan));
    }
}
