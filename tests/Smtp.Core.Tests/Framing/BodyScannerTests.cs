namespace Smtp.Core.Tests;

/// <summary>The vectorised search against a loop, at all lengths that exercise its vectors, their overlap and the tail.</summary>
public class BodyScannerTests
{
    private const int LongestText = 130;

    private static readonly string[] Irregular = ["\n", "\r", "\n.", "\r.", "\r\r\n", "\n\n", "\r\n.", "\r\n\n", "\n\r"];
    private static readonly string[] Regular = ["\r\n", ".", "..", "\0", "\x8A", "\x8D", "\xAE", "\r\n-", " ."];

    public static TheoryData<string> Patterns => [.. Irregular, .. Regular];

    [Theory]
    [MemberData(nameof(Patterns))]
    public void A_pattern_is_found_at_every_position_of_every_length(string pattern)
    {
        byte[] octets = Wire.Encode(pattern);
        for (int length = octets.Length; length <= LongestText; length++)
        {
            for (int at = 0; at <= length - octets.Length; at++)
            {
                byte[] text = new byte[length];
                text.AsSpan().Fill((byte)'a');
                octets.CopyTo(text, at);
                Check(text);
            }
        }
    }

    [Fact]
    public void The_first_of_two_is_found()
    {
        for (int first = 0; first < LongestText - 1; first++)
        {
            for (int second = first; second < LongestText - 1; second++)
            {
                byte[] text = new byte[LongestText];
                text[first] = (byte)'\n';
                text[second] = (byte)'\r';
                Check(text);
            }
        }
    }

    [Fact]
    public void Regular_text_has_nothing_to_find()
    {
        for (int length = 0; length <= LongestText; length++)
        {
            Check(new byte[length]);
            byte[] lines = new byte[length];
            for (int i = 0; i < length; i++)
            {
                lines[i] = i % 2 == 0 ? (byte)'\r' : (byte)'\n';
            }

            Assert.Equal(length, BodyScanner.IndexOfIrregular(lines));
            Check(lines);
        }
    }

    [Fact]
    public void It_does_not_look_beyond_the_text()
    {
        byte[] text = new byte[LongestText * 2];
        for (int length = 0; length <= LongestText; length++)
        {
            text.AsSpan().Clear();
            text[length] = (byte)'\n';
            Assert.Equal(length, BodyScanner.IndexOfIrregular(text.AsSpan(0, length)));
        }
    }

    [Theory]
    [MemberData(nameof(Patterns))]
    public void A_pattern_is_found_in_text_of_many_steps_at_every_alignment(string pattern)
    {
        byte[] octets = Wire.Encode(pattern);
        byte[] line = Wire.Encode(new string('a', 20) + "\r\n");
        foreach (int length in (int[])[250, 500, 531, 562, 593, 624, 655, 1100, 1177, 1250])
        {
            for (int at = 0; at <= length - octets.Length; at += 3)
            {
                byte[] text = new byte[length + 64];
                int skip = at % 64;
                for (int i = 0; i < text.Length; i++)
                {
                    text[i] = line[i % line.Length];
                }

                octets.CopyTo(text, skip + at);
                Check(text.AsSpan(skip, length));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Patterns))]
    public void A_pattern_is_found_at_every_seam_of_aligned_vectors(string pattern)
    {
        const int Length = 1800;
        byte[] octets = Wire.Encode(pattern);
        byte[] line = Wire.Encode(new string('a', 20) + "\r\n");
        byte[] text = GC.AllocateArray<byte>(Length + 64, pinned: true);
        int aligned = (int)((64 - (System.Runtime.InteropServices.Marshal.UnsafeAddrOfPinnedArrayElement(text, 0) & 63)) & 63);
        for (int start = 0; start <= aligned; start += Math.Max(aligned, 1))
        {
            for (int seam = aligned + 64; seam < start + Length - 64; seam += 64)
            {
                for (int at = seam - 3; at <= seam + 1; at++)
                {
                    for (int i = 0; i < text.Length; i++)
                    {
                        text[i] = line[i % line.Length];
                    }

                    octets.CopyTo(text, at);
                    Check(text.AsSpan(start, Length));
                }
            }
        }
    }

    [Theory]
    [InlineData("\n")]
    [InlineData(".")]
    [InlineData("\0")]
    public void It_does_not_look_beyond_a_long_text(string behind)
    {
        byte[] line = Wire.Encode(new string('a', 20) + "\r\n");
        for (int lines = 1; lines * line.Length < 1300; lines++)
        {
            for (int skip = 0; skip < 22; skip++)
            {
                byte[] text = [.. Enumerable.Repeat(line, lines).SelectMany(octets => octets), .. Wire.Encode(behind), .. new byte[80]];
                Check(text.AsSpan(skip, (lines * line.Length) - skip));
            }
        }
    }

    [Fact]
    public void It_reads_nothing_beyond_the_text()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Needs mmap and mprotect as Linux has them.");
        using var memory = new GuardedMemory();

        // Full of LFs: what is selected by an LF is not even read elsewhere.
        for (int i = 0; i < memory.Octets.Length; i++)
        {
            memory.Octets[i] = i % 2 == 0 ? (byte)'\r' : (byte)'\n';
        }

        for (int length = 2; length <= memory.Octets.Length; length += 2)
        {
            // A page that cannot be read stands in front and behind: an octet too many ends the process.
            bool sawNul = false;
            Assert.Equal(length, BodyScanner.IndexOfIrregular(memory.Octets[^length..]));
            Assert.Equal(length, BodyScanner.IndexOfIrregular(memory.Octets[^length..], ref sawNul));
            Assert.Equal(length, BodyScanner.IndexOfIrregular(memory.Octets[..length]));
        }
    }

    [Fact]
    public void A_nul_is_seen_only_in_front_of_the_position()
    {
        for (int length = 2; length <= 1300; length += length < LongestText ? 1 : length < 700 ? 41 : 117)
        {
            for (int at = 0; at < length; at += length < LongestText ? 1 : 7)
            {
                for (int distance = -40; distance <= 40; distance++)
                {
                    byte[] text = new byte[length];
                    text.AsSpan().Fill((byte)'a');
                    text[at] = 0;
                    if (at + distance >= 0 && at + distance < length && distance != 0)
                    {
                        text[at + distance] = (byte)'\n';
                    }

                    Check(text);
                }
            }
        }
    }

    private static void Check(ReadOnlySpan<byte> text)
    {
        int expected = BodyOracle.IndexOfIrregular(Wire.Decode(text));
        bool sawNul = false;
        int found = BodyScanner.IndexOfIrregular(text, ref sawNul);
        if (expected != found || expected != BodyScanner.IndexOfIrregular(text) || text[..expected].Contains((byte)0) != sawNul)
        {
            // Not an assertion each: there are hundreds of thousands.
            Assert.Fail($"{found}, NUL {sawNul}, not {expected} in '{Wire.Decode(text)}'");
        }
    }
}
