using FsCheck.Xunit;

namespace Smtp.Core.Tests;

/// <summary>Any octets, cut anywhere, against the oracles.</summary>
[Properties(MaxTest = 5000, Arbitrary = [typeof(WireArbitrary)])]
public class FramingProperties
{
    [Property]
    public void Lines_are_those_between_crlfs(Wire wire, byte limit)
    {
        int maximumLength = 2 + (limit % 20);
        string expected = LineOracle.Trace(Wire.Decode(wire.Octets), maximumLength, out string unread);
        Assert.Equal(expected, LineTrace.Of(wire, maximumLength, out string left, out _));
        Assert.Equal(unread, left);
    }

    [Property]
    public void Data_decodes_as_the_rfc_says(Wire wire)
    {
        BodyTrace trace = BodyTrace.Decode(wire);
        if (BodyOracle.Decode(Wire.Decode(wire.Octets)) is { } expected)
        {
            Assert.Equal(expected, trace);
        }
        else
        {
            Assert.False(trace.Ended);
            Assert.Empty(trace.Unread);
        }
    }

    [Property]
    public void What_is_handed_out_before_the_end_is_a_prefix_of_the_body(Wire wire)
    {
        string text = Wire.Decode(wire.Octets);
        if (BodyOracle.Decode(text) is null)
        {
            // Text in between keeps a pending CR or dot from joining the end.
            Assert.StartsWith(BodyTrace.Decode(wire).Text, BodyOracle.Decode(text + "x\r\n.\r\n")!.Text, StringComparison.Ordinal);
        }
    }

    [Property]
    public void Content_encodes_as_the_rfc_says(Wire content)
    {
        BodyTrace trace = BodyTrace.Encode(content);
        string text = Wire.Decode(content.Octets);
        Assert.Equal(BodyOracle.Encode(text), trace.Text);
        Assert.Empty(trace.Unread);
        Assert.Equal(BodyOracle.HasBareLineEnding(text.EndsWith('\r') ? text[..^1] : text), trace.SawBareLineEnding);
    }

    [Property]
    public void Encoded_content_has_one_end_and_no_lone_line_ending(Wire content)
    {
        string wire = "\r\n" + BodyTrace.Encode(content).Text;
        Assert.False(BodyOracle.HasBareLineEnding(wire));
        Assert.Equal(wire.Length - 5, wire.IndexOf("\r\n.\r\n", StringComparison.Ordinal));
    }

    [Property]
    public void Transparency_is_the_identity_on_lines(Wire content, Wire cuts)
    {
        string text = Wire.Decode(content.Octets);
        string wire = BodyTrace.Encode(content).Text;
        BodyTrace back = BodyTrace.Decode(cuts.WithOctets(Wire.Encode(wire + "QUIT\r\n")));
        Assert.Equal(new BodyTrace(BodyOracle.AsLines(text), "QUIT\r\n", Ended: true, SawBareLineEnding: false), back);

        // And lines come back as they are.
        string again = BodyTrace.Encode(content.WithOctets(Wire.Encode(back.Text))).Text;
        Assert.Equal(back.Text, BodyTrace.Decode(cuts.WithOctets(Wire.Encode(again))).Text);
    }

    [Property]
    public void The_search_finds_what_a_loop_finds(Wire wire, byte skip)
    {
        ReadOnlySpan<byte> text = wire.Octets[Math.Min(skip % 40, wire.Octets.Length)..];
        int expected = BodyOracle.IndexOfIrregular(Wire.Decode(text));
        Assert.Equal(expected, BodyScanner.IndexOfIrregular(text));
        bool sawNul = false;
        Assert.Equal(expected, BodyScanner.IndexOfIrregular(text, ref sawNul));
        Assert.Equal(text[..expected].Contains((byte)0), sawNul);
    }

    [Property(MaxTest = 1000)]
    public void The_search_finds_what_a_loop_finds_inside_long_text(Wire wire, byte before, byte behind)
    {
        string line = new string('a', 30) + "\r\n";
        string whole = string.Concat(Enumerable.Repeat(line, 40));
        byte[] text = Wire.Encode(whole[(before % 100)..] + Wire.Decode(wire.Octets) + whole[(behind % 100)..]);
        int expected = BodyOracle.IndexOfIrregular(Wire.Decode(text));
        bool sawNul = false;
        Assert.Equal(expected, BodyScanner.IndexOfIrregular(text, ref sawNul));
        Assert.Equal(text.AsSpan(0, expected).Contains((byte)0), sawNul);
        Assert.Equal(expected, BodyScanner.IndexOfIrregular(text));
    }
}
