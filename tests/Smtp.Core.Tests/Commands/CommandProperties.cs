using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;

namespace Smtp.Core.Tests;

/// <summary>The parsers of command text against their oracles.</summary>
public class CommandProperties
{
    private const PathOptions AllOptions =
        PathOptions.AllowNull | PathOptions.AllowPostmaster | PathOptions.AllowUtf8
        | PathOptions.AllowMissingBrackets | PathOptions.AllowLeadingSpace;

    private static readonly string[] ParameterTexts =
    [
        " ", " SIZE=1", " BODY=8BITMIME", " a", " 0-", " -a", "=", " x==y", " x=\xC3\xA9", " x=+41", " x=<>", " x=a,b;c", " A=B=C",
        "\t", "\x7F", "\r", "\n", "\0",
    ];

    private static readonly string[] CommandTexts =
    [
        "MAIL", "RCPT", "DATA", "BDAT", "EHLO", "HELO", "LHLO", "RSET", "VRFY", "EXPN", "HELP", "NOOP", "QUIT", "AUTH", "STARTTLS",
        "STAR", "TTLS", "M", "\xCD", "x", "FROM:<a@b>", " ", " ", "\t", "\0", "\r",
    ];

    private static readonly string[] XtextTexts =
        ["a", "+41", "+0D", "+00", "+4", "+4a", "+", "=", "!", "~", " ", "+7E", "+7F", "+20", "+09"];

    [Property(MaxTest = 20_000, Arbitrary = [typeof(PathArbitrary)])]
    public void Paths_are_those_of_the_grammar(PathText path, byte options)
    {
        PathOptions chosen = (PathOptions)options & AllOptions;
        byte[] octets = path.Octets;
        ParsedPath? actual = PathSyntax.TryParsePath(octets, chosen, out ParsedPath parsed) ? parsed : null;
        Assert.Equal(PathOracle.Parse(octets, chosen), actual);
    }

    [Fact]
    public void Generated_paths_are_both_good_and_bad()
    {
        IEnumerable<PathText> paths = PathArbitrary.Paths().Generator.Sample(2000, 50);
        Assert.InRange(paths.Count(path => PathOracle.Parse(path.Octets, AllOptions) is not null), 400, 1600);
    }

    [Property(MaxTest = 5000, Arbitrary = [typeof(PathArbitrary)])]
    public void A_path_that_was_accepted_is_accepted_again_alone(PathText path)
    {
        if (PathSyntax.TryParsePath(path.Octets, AllOptions, out ParsedPath parsed) && parsed.Length > 0)
        {
            byte[] mailbox = path.Octets[parsed.Start..(parsed.Start + parsed.Length)];
            Assert.True(PathSyntax.TryParseMailbox(mailbox, AllOptions, out ParsedPath again));
            Assert.Equal((0, parsed.Length, parsed.LocalPartLength), (again.Start, again.Length, again.LocalPartLength));
            Assert.True(PathSyntax.TryParsePath([(byte)'<', .. mailbox, (byte)'>'], AllOptions, out _));
        }
    }

    [Property(MaxTest = 5000)]
    public Property Parameters_are_those_of_the_grammar() => Prop.ForAll(
        TextArbitrary.From(TextArbitrary.Sequence(Gen.Elements(ParameterTexts), 0, 5, "")),
        text => Assert.Equal(ParameterOracle.Trace(text), ParameterReaderTests.Trace(Wire.Encode(text))));

    [Property(MaxTest = 5000)]
    public Property Commands_are_those_of_a_dictionary() => Prop.ForAll(
        TextArbitrary.From(TextArbitrary.Sequence(Gen.Elements(CommandTexts).SelectMany(RandomCase), 0, 4, "")),
        text =>
        {
            SmtpCommand command = SmtpCommand.Parse(Wire.Encode(text));
            Assert.Equal(CommandOracle.Parse(text), (command.Verb, Wire.Decode(command.Argument)));
        });

    [Property(MaxTest = 5000)]
    public void Xtext_decodes_what_it_encodes(byte[] octets)
    {
        var output = new System.Buffers.ArrayBufferWriter<byte>();
        Xtext.Encode(octets, output);
        Assert.True(Xtext.IsValid(output.WrittenSpan));
        byte[] decoded = new byte[output.WrittenCount];
        Assert.True(Xtext.TryDecode(output.WrittenSpan, decoded, out int written));
        Assert.Equal(octets, decoded[..written]);
    }

    [Property(MaxTest = 5000)]
    public Property Xtext_is_that_of_the_grammar() => Prop.ForAll(
        TextArbitrary.From(TextArbitrary.Sequence(Gen.Elements(XtextTexts), 0, 6, "")),
        text =>
        {
            Assert.Equal(XtextOracle.IsValid(text), Xtext.IsValid(Wire.Encode(text)));
            Assert.Equal(XtextOracle.IsPrintable(text), Xtext.IsPrintable(Wire.Encode(text)));
        });

    private static Gen<string> RandomCase(string word) =>
        Gen.Elements(word, word, word.ToLowerInvariant(), string.Concat(word.Select((c, i) => i % 2 == 0 ? char.ToLowerInvariant(c) : c)));
}
