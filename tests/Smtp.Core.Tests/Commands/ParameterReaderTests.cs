namespace Smtp.Core.Tests;

public class ParameterReaderTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData(" SIZE=1", "[SIZE=1]")]
    [InlineData(" SMTPUTF8", "[SMTPUTF8]")]
    [InlineData(" a=b c d=e", "[a=b][c][d=e]")]
    [InlineData("  a   b", "[a][b]")]
    [InlineData(" 8BIT-MIME-=<x>;+3D", "[8BIT-MIME-=<x>;+3D]")]
    [InlineData(" x=!\x7E\xC3\xA9", "[x=!\x7E\xC3\xA9]")]
    public void Parameters_are_read_in_order(string text, string expected) => Assert.Equal(expected, Trace(Wire.Encode(text)));

    [Theory]
    [InlineData("a", "!")]
    [InlineData(">", "!")]
    [InlineData(" ", "!")]
    [InlineData(" a ", "[a]!")]
    [InlineData(" -a", "!")]
    [InlineData(" =b", "!")]
    [InlineData(" a=", "!")]
    [InlineData(" a= b", "!")]
    [InlineData(" a=b=c", "!")]
    [InlineData(" a==", "!")]
    [InlineData(" a\tb", "!")]
    [InlineData(" a=b\tc", "!")]
    [InlineData(" a b_c d", "[a]!")]
    [InlineData(" a=b\0", "!")]
    [InlineData(" a=\x7F", "!")]
    [InlineData(" a=b\r", "!")]
    [InlineData(" \xC3\xA9=b", "!")]
    public void What_breaks_the_grammar_is_told(string text, string expected) => Assert.Equal(expected, Trace(Wire.Encode(text)));

    [Fact]
    public void After_the_end_there_is_no_more()
    {
        var reader = new ParameterReader(" a=b"u8);
        Assert.True(reader.MoveNext());
        Assert.True(reader.HasValue);
        Assert.False(reader.MoveNext());
        Assert.False(reader.MoveNext());
        Assert.False(reader.IsMalformed);
    }

    /// <summary>Each parameter in brackets, and an exclamation mark where the text stops being parameters.</summary>
    internal static string Trace(ReadOnlySpan<byte> text)
    {
        var reader = new ParameterReader(text);
        string trace = "";
        while (reader.MoveNext())
        {
            trace += $"[{Wire.Decode(reader.Keyword)}{(reader.HasValue ? "=" : "")}{Wire.Decode(reader.Value)}]";
        }

        return reader.IsMalformed ? trace + "!" : trace;
    }
}
