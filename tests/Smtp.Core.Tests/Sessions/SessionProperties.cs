using System.Globalization;
using System.Text.RegularExpressions;
using FsCheck.Xunit;

namespace Smtp.Core.Tests;

/// <summary>
/// Any sequence of commands against <see cref="SessionModel"/>: one reply a command, states only as RFC 5321 §4.1.4 allows, the model's messages,
/// and the same output for any split. The driver sees to it that no effect comes where it has no place, and that no step idles.
/// </summary>
[Properties(MaxTest = 2000, Arbitrary = [typeof(SessionScriptArbitrary)])]
public partial class SessionProperties
{
    internal const string Refused = "bad@example.org";

    internal const string Postponed = "busy@example.org";

    internal static readonly SmtpReply NotNow = new("450 4.2.1 Not now\r\n"u8);

    internal static readonly SessionModelLimits Limits = new(
        LongestLine: 600, CommandLine: 512, MessageSize: 65536, Recipients: 100, Errors: 8, Unproductive: 10, FailedLogins: 2, Refused, Postponed);

    internal static readonly Dictionary<string, string> Users = new(StringComparer.Ordinal) { ["alice"] = "secret" };

    internal static readonly ServerProfile Profile = new(new ServerProfileOptions
    {
        Extensions = SmtpExtensions.Pipelining | SmtpExtensions.Size | SmtpExtensions.Chunking | SmtpExtensions.StartTls | SmtpExtensions.Auth,
        AuthenticationMechanisms = ["PLAIN"],
        AllowPlaintextAuthentication = true,
        Limits = new SmtpLimits
        {
            MaximumAuthenticationLineLength = Limits.LongestLine,
            MaximumCommandLineLength = Limits.CommandLine,
            MaximumMessageSize = Limits.MessageSize,
            MaximumRecipients = Limits.Recipients,
            MaximumErrors = Limits.Errors,
            MaximumUnproductiveCommands = Limits.Unproductive,
            MaximumAuthenticationFailures = Limits.FailedLogins,
        },
    });

    [Property]
    public void A_session_does_what_the_model_does(SessionScript script)
    {
        SessionModel model = PlayModel(script);
        SessionDriver driver = PlaySession(script, Pieces.Whole);
        Assert.Equal(string.Join(' ', model.Codes), string.Join(' ', Codes(driver.Output)));
        Assert.Equal(model.Messages, driver.Messages);
        Assert.Equal(model.IsClosed, driver.IsClosed);
        Assert.Equal(model.AwaitsTls, driver.AwaitsTls);
    }

    [Property(MaxTest = 600)]
    public void Any_split_gives_the_same_output(SessionScript script)
    {
        SessionDriver whole = PlaySession(script, Pieces.Whole);
        foreach (Pieces pieces in new[] { Pieces.Random, Pieces.Lines, Pieces.Octets })
        {
            SessionDriver split = PlaySession(script, pieces);
            Assert.Equal(whole.Output, split.Output);
            Assert.Equal(whole.Messages, split.Messages);
            Assert.Equal(whole.Session.Phase, split.Session.Phase);
            Assert.Equal(whole.IsClosed, split.IsClosed);
        }
    }

    private enum Pieces
    {
        Whole,
        Random,
        Lines,
        Octets,
    }

    private static SessionModel PlayModel(SessionScript script)
    {
        string plain = string.Concat(script.Plain);
        string encrypted = string.Concat(script.Encrypted);
        var model = new SessionModel(Limits, Users);
        model.Play(plain);
        if (model.AwaitsTls)
        {
            model.ShakeHands();
            model.Play(encrypted);
            return model;
        }

        // No handshake was asked for: all of it is plaintext.
        model = new SessionModel(Limits, Users);
        model.Play(plain + encrypted);
        return model;
    }

    private static SessionDriver PlaySession(SessionScript script, Pieces pieces)
    {
        var policy = new SessionPolicy();
        policy.Users["alice"] = Users["alice"];
        policy.Answers["MAIL " + Refused] = Replies.RelayDenied;
        policy.Answers["RCPT " + Refused] = Replies.RelayDenied;
        policy.Answers["MAIL " + Postponed] = NotNow;
        policy.Answers["RCPT " + Postponed] = NotNow;
        var driver = new SessionDriver(Profile, policy);
        var random = new Random(script.Seed);
        Feed(driver, script.Plain, pieces, random);
        if (driver.AwaitsTls)
        {
            driver.ShakeHands();
        }

        Feed(driver, script.Encrypted, pieces, random);
        return driver;
    }

    private static void Feed(SessionDriver driver, IReadOnlyList<string> items, Pieces pieces, Random random)
    {
        byte[] octets = Wire.Encode(string.Concat(items));
        for (int at = 0; at < octets.Length;)
        {
            int line = octets.AsSpan(at).IndexOf((byte)'\n') + 1;
            int length = pieces switch
            {
                Pieces.Whole => octets.Length - at,
                Pieces.Random => random.Next(1, 200),
                Pieces.Lines => line > 0 ? line : octets.Length - at,

                // Octet by octet where commands are; the middle of a long text may come in larger pieces.
                _ => line > 2000 ? line - 1000 : 1,
            };
            length = Math.Min(length, octets.Length - at);
            driver.Receive(octets.AsSpan(at, length), eachItsSegment: pieces == Pieces.Lines && length < 1000);
            at += length;
        }
    }

    internal static IEnumerable<int> Codes(string output)
    {
        foreach (string line in output.Split("\r\n")[..^1])
        {
            Assert.Matches(ReplyLine(), line);
            if (line[3] == ' ')
            {
                yield return int.Parse(line.AsSpan(0, 3), CultureInfo.InvariantCulture);
            }
        }
    }

    [GeneratedRegex(@"\A[2-5][0-5][0-9][ -][ -~]*\z")]
    private static partial Regex ReplyLine();
}
