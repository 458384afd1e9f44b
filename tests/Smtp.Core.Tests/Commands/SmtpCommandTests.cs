namespace Smtp.Core.Tests;

public class SmtpCommandTests
{
    public static TheoryData<SmtpVerb> Verbs => [.. Enum.GetValues<SmtpVerb>().Where(verb => verb != SmtpVerb.Unknown)];

    [Theory]
    [MemberData(nameof(Verbs))]
    public void A_verb_is_known_in_any_case(SmtpVerb verb)
    {
        string name = verb.ToString();
        string mixed = string.Concat(name.Select((c, i) => i % 2 == 0 ? char.ToLowerInvariant(c) : char.ToUpperInvariant(c)));
        foreach (string word in (string[])[name, name.ToUpperInvariant(), name.ToLowerInvariant(), mixed])
        {
            Assert.Equal((verb, ""), Parse(word));
            Assert.Equal((verb, ""), Parse(word + " \t "));
            Assert.Equal((verb, "x Y"), Parse(word + " x Y"));
            Assert.Equal((verb, " x"), Parse(word + "  x \t"));
        }
    }

    [Theory]
    [MemberData(nameof(Verbs))]
    public void What_is_nearly_a_verb_is_unknown(SmtpVerb verb)
    {
        string word = verb.ToString().ToUpperInvariant();
        foreach (string behind in (string[])["X", "\tx", "\0", "\0 x", "-", ":", "\r"])
        {
            Assert.Equal((SmtpVerb.Unknown, ""), Parse(word + behind));
        }

        foreach (string near in (string[])[word[..^1], " " + word, "\t" + word, "X" + word])
        {
            Assert.Equal((SmtpVerb.Unknown, ""), Parse(near));
        }

        for (int i = 0; i < word.Length; i++)
        {
            // Every octet at every place; a letter may make another verb of it, as HELP and HELO.
            for (int octet = 0; octet < 256; octet++)
            {
                string near = word.Remove(i, 1).Insert(i, ((char)octet).ToString());
                Assert.Equal(CommandOracle.Parse(near), Parse(near));
            }
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("\t \t")]
    [InlineData("QUI")]
    [InlineData("QUI ")]
    [InlineData("STAR")]
    [InlineData("STAR TTLS")]
    [InlineData("START")]
    [InlineData("STARTTL")]
    [InlineData("STARTTLX")]
    [InlineData("TTLS")]
    [InlineData("MAILFROM:<a@b>")]
    [InlineData("GET / HTTP/1.1")]
    [InlineData("POST / HTTP/1.1")]
    public void Anything_else_is_unknown(string line) => Assert.Equal((SmtpVerb.Unknown, ""), Parse(line));

    [Theory]
    [InlineData("MAIL FROM:<a@b> SIZE=1", "FROM:<a@b> SIZE=1")]
    [InlineData("MAIL FROM:<a@b>  \t", "FROM:<a@b>")]
    [InlineData("MAIL FROM:<\"a\tb\"@c>", "FROM:<\"a\tb\"@c>")]
    [InlineData("MAIL \0", "\0")]
    public void The_argument_is_as_written_but_for_trailing_white_space(string line, string argument) =>
        Assert.Equal((SmtpVerb.Mail, argument), Parse(line));

    [Fact]
    public void Parsing_allocates_nothing()
    {
        byte[][] lines = [.. ((string[])["MAIL FROM:<a@b>", "rcpt to:<a@b>", "STARTTLS", "help", "nothing", "x"]).Select(Wire.Encode)];
        int known = 0;
        Assert.Equal(0, Allocations.Of(() =>
        {
            foreach (byte[] line in lines)
            {
                known += SmtpCommand.Parse(line).Verb != SmtpVerb.Unknown ? 1 : 0;
            }
        }));
        Assert.Equal(4 * 200, known);
    }

    private static (SmtpVerb Verb, string Argument) Parse(string line)
    {
        SmtpCommand command = SmtpCommand.Parse(Wire.Encode(line));
        return (command.Verb, Wire.Decode(command.Argument));
    }
}
