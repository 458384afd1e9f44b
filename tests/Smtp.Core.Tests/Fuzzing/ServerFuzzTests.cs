using System.Text.RegularExpressions;

namespace Smtp.Core.Tests.Fuzzing;

/// <summary>
/// Mutated sessions against <see cref="ServerSession"/>: no exception, every effect where it has its place (the driver sees to both), a bounded output, lines of
/// output that are replies, the same output for any split, and for one profile exactly what <see cref="SessionModel"/> says.
/// </summary>
public sealed partial class ServerFuzzTests
{
    // The EHLO reply of a profile that offers everything, and far more than any other reply of one line.
    private const int LongestReply = 600;

    private static readonly SmtpLimits SmallLimits = new()
    {
        MaximumAuthenticationLineLength = 600,
        MaximumCommandLineLength = 512,
        MaximumMessageSize = 65536,
        MaximumRecipients = 100,
    };

    private static readonly Dictionary<string, ServerProfileOptions> Profiles = new(StringComparer.Ordinal)
    {
        ["strict"] = new() { Extensions = (SmtpExtensions)~0, AuthenticationMechanisms = Mechanisms, AllowPlaintextAuthentication = true, Limits = SmallLimits },
        ["lenient"] = new()
        {
            Extensions = (SmtpExtensions)~0,
            AuthenticationMechanisms = Mechanisms,
            AllowPlaintextAuthentication = true,
            Leniency = PathOptions.AllowLeadingSpace | PathOptions.AllowMissingBrackets,
            BareLineEndings = BareLineEndingPolicy.Normalize,
            NulOctets = ContentPolicy.Accept,
            LongLines = ContentPolicy.Reject,
            Limits = SmallLimits,
        },
        ["LMTP"] = new() { Extensions = (SmtpExtensions)~0, Lmtp = true, Limits = SmallLimits },
        ["submission"] = new()
        {
            Extensions = (SmtpExtensions)~0,
            AuthenticationMechanisms = Mechanisms,
            AllowPlaintextAuthentication = true,
            RequireAuthentication = true,
            RequireQualifiedDomains = true,
            Limits = SmallLimits,
        },
        ["TLS wanted"] = new() { Extensions = (SmtpExtensions)~0, AuthenticationMechanisms = Mechanisms, RequireTls = true, Limits = SmallLimits },
    };

    private static string[] Mechanisms => ["PLAIN", "LOGIN", "SCRAM-SHA-256", "OAUTHBEARER", "XOAUTH2"];

    [Theory]
    [InlineData("strict", 1)]
    [InlineData("lenient", 2)]
    [InlineData("LMTP", 3)]
    [InlineData("submission", 4)]
    [InlineData("TLS wanted", 5)]
    public void Any_octets_get_replies_and_the_same_for_any_split(string name, int seed)
    {
        var profile = new ServerProfile(Profiles[name]);
        Fuzz(seed, input =>
        {
            (SessionDriver whole, Transitions transitions) = Play(profile, input, new Random(0), longest: int.MaxValue);
            int lines = input.Count(octet => octet == '\n') + 2;
            int most = lines * LongestReply * (profile.Options.Lmtp ? 10 : 1);
            Assert.InRange(whole.Output.Length, 0, most);
            _ = SessionProperties.Codes(whole.Output).Count();
            foreach (int longest in (int[])[1, 50])
            {
                (SessionDriver split, _) = Play(profile, input, new Random(input.Length), longest);
                Assert.Equal(Masked(whole.Output), Masked(split.Output));
                Assert.Equal(whole.Messages, split.Messages);
                Assert.Equal(whole.IsClosed, split.IsClosed);
                Assert.Equal(whole.Session.Phase, split.Session.Phase);
            }

            return transitions;
        });
    }

    [Fact]
    public void Octets_that_the_model_can_judge_get_what_it_says() => Fuzz(6, CompareWithModel, CanModelJudge);

    private static Transitions CompareWithModel(byte[] input)
    {
        (SessionDriver driver, Transitions transitions) = Play(SessionProperties.Profile, input, new Random(0), longest: int.MaxValue);
        SessionModel model = PlayModel(input);

        Assert.Equal(Kinds(model.Codes), Kinds(SessionProperties.Codes(driver.Output)));
        Assert.Equal(model.Messages, driver.Messages);
        Assert.Equal(model.IsClosed, driver.IsClosed);
        return transitions;
    }

    /// <summary>The model knows the simplest form of each command alone; grammar has oracles of its own.</summary>
    private static bool CanModelJudge(byte[] input) => Spoken().Matches(Wire.Decode(input)).All(match => Simple().IsMatch(match.Value));

    [GeneratedRegex(@"(MAIL|RCPT|AUTH|EHLO|HELO|LHLO|EXPN|HTTP|GET|POST|PUT|CONNECT)[^\r\n]*", RegexOptions.IgnoreCase)]
    private static partial Regex Spoken();

    [GeneratedRegex(@"\A((?i:MAIL FROM):<([a-z]{1,20}@[a-z]{1,20}(\.[a-z]{1,20}){0,3})?>|(?i:RCPT TO):<[a-z]{1,20}@[a-z]{1,20}(\.[a-z]{1,20}){0,3}>|(?i:EHLO|HELO) [a-z]{1,20}|(?i:AUTH PLAIN)( [A-Za-z0-9+/=]*)?)[ \t]*\z")]
    private static partial Regex Simple();

    /// <summary>The codes. The model does not tell credentials that are wrong (535) from those that are none (501).</summary>
    private static string Kinds(IEnumerable<int> codes) => string.Join(' ', codes.Select(code => code == 535 ? 501 : code));

    /// <summary>The output without what is random in it: the nonces of SCRAM's challenges.</summary>
    private static string Masked(string output) => Challenge().Replace(output, "334 *");

    [GeneratedRegex("334 [^\r]+")]
    private static partial Regex Challenge();

    /// <summary>Runs all inputs of the corpus and then mutants of them.</summary>
    private static void Fuzz(int seed, Func<byte[], Transitions> run, Func<byte[], bool>? fits = null)
    {
        byte[][] corpus = [.. FuzzCorpus.Files("session-").Select(file => file.Input).Concat(FuzzCorpus.Dialogues()).Where(input => fits is null || fits(input))];
        Assert.True(corpus.Length > 20, $"The corpus has {corpus.Length} inputs.");
        var seen = new HashSet<(int, int)>();
        var mutator = new WireMutator(seed, corpus);
        for (int i = 0; i < corpus.Length + FuzzCorpus.Runs; i++)
        {
            byte[] input = i < corpus.Length ? corpus[i] : mutator.Next();
            while (fits is not null && !fits(input))
            {
                input = mutator.Next();
            }

            try
            {
                int known = seen.Count;
                seen.UnionWith(run(input).Seen);
                if (seen.Count > known && i >= corpus.Length)
                {
                    mutator.Keep(input);
                }
            }
            catch (Exception error)
            {
                // To be committed as a file of the corpus: base64 -d > session-NAME.corpus
                Assert.Fail($"Input {i} of seed {seed} fails.\n{Convert.ToBase64String(input)}\n{Wire.Show(input)}\n{error}");
            }
        }

        Assert.True(seen.Count > 50, $"Only {seen.Count} pairs of replies were seen: the mutants do not get far.");
    }

    private static (SessionDriver Driver, Transitions Transitions) Play(ServerProfile profile, byte[] input, Random random, int longest)
    {
        var policy = new SessionPolicy();
        policy.Users["alice"] = "secret";
        policy.Answers["MAIL " + SessionProperties.Refused] = Replies.RelayDenied;
        policy.Answers["RCPT " + SessionProperties.Refused] = Replies.RelayDenied;
        var driver = new SessionDriver(profile, policy);
        var transitions = new Transitions();
        driver.Session.Observer = transitions;
        (byte[] plain, byte[] encrypted) = FuzzCorpus.Split(input);
        Feed(driver, plain, random, longest);
        if (driver.AwaitsTls)
        {
            driver.ShakeHands();
        }

        Feed(driver, encrypted, random, longest);
        return (driver, transitions);
    }

    private static void Feed(SessionDriver driver, byte[] octets, Random random, int longest)
    {
        for (int at = 0; at < octets.Length;)
        {
            int length = Math.Min(longest == int.MaxValue ? octets.Length : random.Next(1, longest + 1), octets.Length - at);
            driver.Receive(octets.AsSpan(at, length));
            at += length;
        }
    }

    private static SessionModel PlayModel(byte[] input)
    {
        (byte[] plain, byte[] encrypted) = FuzzCorpus.Split(input);
        var model = new SessionModel(SessionProperties.Limits, SessionProperties.Users);
        model.Play(Wire.Decode(plain));
        if (model.AwaitsTls)
        {
            model.ShakeHands();
            model.Play(Wire.Decode(encrypted));
            return model;
        }

        model = new SessionModel(SessionProperties.Limits, SessionProperties.Users);
        model.Play(Wire.Decode([.. plain, .. encrypted]));
        return model;
    }

    /// <summary>The pairs of replies that followed each other, each with its verb: what tells that an input did something new.</summary>
    private sealed class Transitions : IServerSessionObserver
    {
        private int _last;

        internal HashSet<(int, int)> Seen { get; } = [];

        public void OnCommand(ServerSession session, ReadOnlySpan<byte> line)
        {
        }

        public void OnReply(ServerSession session, SmtpVerb verb, int code, ReadOnlySpan<byte> wire)
        {
            int reply = ((int)verb * 1000) + code;
            Seen.Add((_last, reply));
            _last = reply;
        }
    }
}
