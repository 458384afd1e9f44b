using System.Globalization;
using System.Text.RegularExpressions;
using Relay.Spool;
using Smtp.Core;

namespace Relay.Delivery;

/// <summary>
/// Reads rules, one a line: <c>condition condition... => action, action...</c>. What is wrong is told with its line, the value and what is allowed; the
/// reading goes on, so that all is told at once.
/// </summary>
internal static class RuleParser
{
    private const string ConditionNames = "code=, status=, text=/.../, domain=, site=, stage=, reason=";
    private const string ActionForms =
        "slow to PERCENT% for TIME, rate NUMBER/s|m|h for TIME, connections NUMBER for TIME, suspend for TIME, change address for TIME, bounce, defer, defer for TIME";

    // Nobody means more; and a slip of a digit is not to stop a site for a year.
    private static readonly TimeSpan LongestTime = TimeSpan.FromDays(30);

    private static readonly Dictionary<string, SmtpStage[]> StageNames = new(StringComparer.OrdinalIgnoreCase)
    {
        ["connect"] = [SmtpStage.Connect],
        ["greeting"] = [SmtpStage.Greeting],
        ["ehlo"] = [SmtpStage.Hello],
        ["tls"] = [SmtpStage.StartTls, SmtpStage.TlsHandshake],
        ["auth"] = [SmtpStage.Authenticate],
        ["mail"] = [SmtpStage.Mail],
        ["rcpt"] = [SmtpStage.Recipient],
        ["data"] = [SmtpStage.Data, SmtpStage.Body],
        ["end"] = [SmtpStage.FinalReply],
    };

    /// <summary>Reads a file's text.</summary>
    /// <param name="text">The text. Lines that are empty or begin with <c>#</c> say nothing.</param>
    /// <param name="errors">Gets a sentence for each thing that is wrong, with its line.</param>
    internal static IReadOnlyList<DeliveryRule> Parse(string text, ICollection<string> errors)
    {
        var rules = new List<DeliveryRule>();
        int number = 0;
        foreach (ReadOnlySpan<char> untrimmed in text.AsSpan().EnumerateLines())
        {
            number++;
            string line = untrimmed.Trim().ToString();
            if (line.Length == 0 || line[0] == '#')
            {
                continue;
            }

            try
            {
                rules.Add(ParseLine(line, number));
            }
            catch (FormatException error)
            {
                errors.Add($"line {number}: {error.Message}");
            }
        }

        return rules;
    }

    private static DeliveryRule ParseLine(string line, int number)
    {
        var rule = new DeliveryRule { Line = number, Source = line };
        int position = 0;
        while (true)
        {
            while (position < line.Length && char.IsWhiteSpace(line[position]))
            {
                position++;
            }

            if (line.AsSpan(position).StartsWith("=>"))
            {
                position += 2;
                break;
            }

            int equals = line.IndexOf('=', position);
            if (equals < 0 || position == line.Length)
            {
                throw new FormatException($"there is no \"=>\" between conditions and actions in \"{Show(line)}\".");
            }

            string name = line[position..equals].Trim().ToLowerInvariant();
            string value = Value(line, equals + 1, out position);
            rule = Condition(rule, name, value);
        }

        if (rule is { Codes.Count: 0, Statuses.Count: 0, Text: null, Domains.Count: 0, Sites.Count: 0, Stages.Count: 0, Reasons.Count: 0 })
        {
            throw new FormatException($"there is no condition; allowed are {ConditionNames}.");
        }

        string actions = line[position..].Trim();
        if (actions.Length == 0)
        {
            throw new FormatException($"there is no action behind \"=>\"; allowed are {ActionForms}.");
        }

        foreach (string action in actions.Split(',', StringSplitOptions.TrimEntries))
        {
            rule = Action(rule, action);
        }

        return rule is { Bounces: true, Defers: true } or { Bounces: true, ChangeAddress: not null }
            ? throw new FormatException("a message that bounces cannot be tried again: bounce stands with neither defer nor change address.")
            : rule;
    }

    /// <summary>A value ends at a space; a pattern between slashes ends at the next slash that has no backslash in front.</summary>
    private static string Value(string line, int start, out int end)
    {
        if (start < line.Length && line[start] == '/')
        {
            for (end = start + 1; end < line.Length; end++)
            {
                if (line[end] == '\\')
                {
                    end++;
                }
                else if (line[end] == '/')
                {
                    end++;
                    return line[start..end];
                }
            }

            throw new FormatException($"the pattern {Show(line[start..])} has no slash at its end.");
        }

        end = start;
        while (end < line.Length && !char.IsWhiteSpace(line[end]))
        {
            end++;
        }

        return line[start..end];
    }

    private static DeliveryRule Condition(DeliveryRule rule, string name, string value)
    {
        string[] values = value.Split(',', StringSplitOptions.TrimEntries);
        return name switch
        {
            "code" => rule with { Codes = [.. rule.Codes, .. values.Select(Code)] },
            "status" => rule with { Statuses = [.. rule.Statuses, .. values.Select(Status)] },
            "text" => rule.Text is null
                ? rule with { Text = Pattern(value) }
                : throw new FormatException($"text= stands twice; write one pattern with | between what it may be, in place of {Show(value)}."),
            "domain" => rule with { Domains = [.. rule.Domains, .. values.Select(v => Domain(v, name, mayStar: true))] },
            "site" => rule with { Sites = [.. rule.Sites, .. values.Select(v => Domain(v, name, mayStar: false))] },
            "stage" => rule with { Stages = [.. rule.Stages, .. values.SelectMany(Stage)] },
            "reason" => rule with { Reasons = [.. rule.Reasons, .. values.Select(Reason)] },
            _ => throw new FormatException($"\"{Show(name)}=\" is no condition; allowed are {ConditionNames}."),
        };
    }

    private static string Code(string value) =>
        value is ['4' or '5', (>= '0' and <= '9') or 'x', (>= '0' and <= '9') or 'x']
            ? value
            : throw new FormatException($"code={Show(value)}; allowed are reply codes such as 421, with x for any digit, such as 4xx or 55x.");

    private static (int Class, int Subject, int Detail) Status(string value)
    {
        string[] parts = value.Split('.');
        return parts.Length == 3 && Number(parts[0], 5) is { } @class && @class is -1 or 4 or 5 && Number(parts[1], 999) is { } subject && Number(parts[2], 999) is { } detail
            ? (@class, subject, detail)
            : throw new FormatException($"status={Show(value)}; allowed are enhanced status codes such as 4.7.28, with * for any number, such as 5.7.*.");

        static int? Number(string text, int most) =>
            text == "*" ? -1 : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number <= most ? number : null;
    }

    private static Regex Pattern(string value)
    {
        if (value is not ['/', _, .., '/'])
        {
            throw new FormatException($"text={Show(value)}; allowed is a regular expression between slashes, such as text=/rate limit/.");
        }

        try
        {
            // Without a time-out: its cost is the text's length, which is bounded, and a machine that stalls must not make a rule unfit.
            return new Regex(
                value[1..^1].Replace("\\/", "/", StringComparison.Ordinal),
                RegexOptions.NonBacktracking | RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture,
                Regex.InfiniteMatchTimeout);
        }
        catch (ArgumentException error)
        {
            throw new FormatException($"text={Show(value)} is no regular expression: {error.Message}", error);
        }
        catch (NotSupportedException)
        {
            throw new FormatException(
                $"text={Show(value)}; allowed are regular expressions whose cost does not depend on the text: none with look-around, back references or atomic groups.");
        }
    }

    private static string Domain(string value, string name, bool mayStar)
    {
        string bare = mayStar && value.StartsWith("*.", StringComparison.Ordinal) ? value[2..] : value;
        return bare.Length > 0 && bare.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_' or ':' or '[' or ']') && bare[0] != '.'
            ? value.ToLowerInvariant()
            : throw new FormatException($"{name}={Show(value)}; allowed are domains such as example.com" + (mayStar ? ", with *. in front for all below." : ", which the names of hosts end in."));
    }

    private static SmtpStage[] Stage(string value) => StageNames.TryGetValue(value, out SmtpStage[]? stages)
        ? stages
        : throw new FormatException($"stage={Show(value)}; allowed are {string.Join(", ", StageNames.Keys)}.");

    private static BounceReason Reason(string value)
    {
        foreach (BounceReason reason in Enum.GetValues<BounceReason>())
        {
            if (reason.ToWord() == value)
            {
                return reason;
            }
        }

        throw new FormatException($"reason={Show(value)}; allowed are {string.Join(", ", Enum.GetValues<BounceReason>().Select(r => r.ToWord()))}.");
    }

    private static DeliveryRule Action(DeliveryRule rule, string action)
    {
        string[] words = action.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        RuleOrder order = rule.Order ?? new RuleOrder(null, default, null, default, null, default);
        return words switch
        {
            ["slow", "to", var percent, "for", var time] => rule with { Order = order with { Factor = Percent(percent, action), FactorTime = Time(time, action) } },
            ["rate", var rate, "for", var time] => rule with { Order = order with { PerSecond = Rate(rate, action), PerSecondTime = Time(time, action) } },
            ["connections", var number, "for", var time] => rule with { Order = order with { Connections = Connections(number, action), ConnectionsTime = Time(time, action) } },
            ["suspend", "for", var time] => rule with { Suspend = Time(time, action) },
            ["change", "address", "for", var time] => rule with { ChangeAddress = Time(time, action) },
            ["bounce"] => rule with { Bounces = true },
            ["defer"] => rule with { Defers = true },
            ["defer", "for", var time] => rule with { Defers = true, Delay = Time(time, action) },
            _ => throw new FormatException($"\"{Show(action)}\" is no action; allowed are {ActionForms}."),
        };
    }

    private static double Percent(string text, string action) =>
        text.EndsWith('%') && double.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double percent) && percent is > 0 and < 100
            ? percent / 100
            : throw new FormatException($"\"{Show(action)}\": {Show(text)} is not above 0% and below 100%, such as 50%.");

    private static double Rate(string text, string action)
    {
        int slash = text.IndexOf('/', StringComparison.Ordinal);
        double? seconds = slash < 0 ? null : text[(slash + 1)..] switch
        {
            "s" => 1,
            "m" => 60,
            "h" => 3600,
            _ => null,
        };
        return seconds is { } unit && double.TryParse(text.AsSpan(0, slash), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double number) && number is >= 1 and <= 100_000
            ? number / unit
            : throw new FormatException($"\"{Show(action)}\": {Show(text)} is not 1 to 100000 messages a second, minute or hour, such as 10/s, 30/m or 500/h.");
    }

    private static int Connections(string text, string action) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number is >= 1 and <= 10_000
            ? number
            : throw new FormatException($"\"{Show(action)}\": {Show(text)} is not 1 to 10000 connections.");

    private static TimeSpan Time(string text, string action) =>
        DurationText.TryParse(text, out TimeSpan time) && time > TimeSpan.Zero && time <= LongestTime
            ? time
            : throw new FormatException($"\"{Show(action)}\": {Show(text)} is not a time of 1ms to 30d, with the unit ms, s, m, h or d, such as 30m.");

    private static string Show(string text) => string.Concat((text.Length > 80 ? text[..80] + "..." : text).Select(c => char.IsControl(c) ? '?' : c));
}
