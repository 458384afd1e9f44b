using System.Text.RegularExpressions;
using Smtp.Core;

namespace Relay.Delivery;

/// <summary>
/// One line of the rules file: what a refusal must be like, and what is then done. Conditions are all to be met; one with several values by any of them.
/// </summary>
internal sealed record DeliveryRule
{
    /// <summary>Its line in the file, from 1.</summary>
    internal required int Line { get; init; }

    /// <summary>The line itself, for the log.</summary>
    internal required string Source { get; init; }

    /// <summary>Reply codes of three characters, an <c>x</c> for any digit; empty for all.</summary>
    internal IReadOnlyList<string> Codes { get; init; } = [];

    /// <summary>Enhanced status codes, -1 for any number; empty for all.</summary>
    internal IReadOnlyList<(int Class, int Subject, int Detail)> Statuses { get; init; } = [];

    /// <summary>What the text must have in it; null for any text.</summary>
    internal Regex? Text { get; init; }

    /// <summary>Domains of recipients, <c>*.</c> in front for what is below; empty for all.</summary>
    internal IReadOnlyList<string> Domains { get; init; } = [];

    /// <summary>Domains that one of the site's hosts is in; empty for all.</summary>
    internal IReadOnlyList<string> Sites { get; init; } = [];

    /// <summary>Stages; empty for all.</summary>
    internal IReadOnlyList<SmtpStage> Stages { get; init; } = [];

    /// <summary>Reasons; empty for all.</summary>
    internal IReadOnlyList<BounceReason> Reasons { get; init; } = [];

    /// <summary>What the site gets for a time; null for what it got.</summary>
    internal RuleOrder? Order { get; init; }

    /// <summary>How long the site is left alone; null for not at all.</summary>
    internal TimeSpan? Suspend { get; init; }

    /// <summary>How long the source address is not used for the site; null for not at all.</summary>
    internal TimeSpan? ChangeAddress { get; init; }

    /// <summary>Whether the message is given up.</summary>
    internal bool Bounces { get; init; }

    /// <summary>Whether it is tried again, whatever the receiver says.</summary>
    internal bool Defers { get; init; }

    /// <summary>When it is tried again; null for when the schedule says.</summary>
    internal TimeSpan? Delay { get; init; }

    /// <summary>Whether the rule is about something.</summary>
    internal bool Matches(in RuleSubject subject) =>
        HasCode(subject.Code) && HasStatus(subject.Status)
        && (Stages.Count == 0 || Stages.Contains(subject.Stage))
        && (Reasons.Count == 0 || Reasons.Contains(subject.Reason))
        && HasDomain(subject.Destination) && HasSite(subject.Hosts)
        && IsInText(subject.Text);

    private bool HasCode(int code)
    {
        if (Codes.Count == 0)
        {
            return true;
        }

        foreach (string pattern in Codes)
        {
            if (code is >= 100 and <= 999 && Fits(pattern[0], code / 100) && Fits(pattern[1], code / 10 % 10) && Fits(pattern[2], code % 10))
            {
                return true;
            }
        }

        return false;

        static bool Fits(char pattern, int digit) => pattern == 'x' || pattern - '0' == digit;
    }

    private bool HasStatus(EnhancedStatus status)
    {
        if (Statuses.Count == 0)
        {
            return true;
        }

        foreach ((int @class, int subject, int detail) in Statuses)
        {
            if (!status.IsNone && (@class < 0 || @class == status.Class) && (subject < 0 || subject == status.Subject) && (detail < 0 || detail == status.Detail))
            {
                return true;
            }
        }

        return false;
    }

    private bool HasDomain(string destination)
    {
        if (Domains.Count == 0)
        {
            return true;
        }

        foreach (string domain in Domains)
        {
            if (domain[0] == '*' ? destination.EndsWith(domain[1..], StringComparison.Ordinal) : destination == domain)
            {
                return true;
            }
        }

        return false;
    }

    private bool HasSite(IReadOnlyList<MailHost> hosts)
    {
        if (Sites.Count == 0)
        {
            return true;
        }

        foreach (MailHost host in hosts)
        {
            foreach (string site in Sites)
            {
                if (host.Name.EndsWith(site, StringComparison.OrdinalIgnoreCase) && (host.Name.Length == site.Length || host.Name[^(site.Length + 1)] == '.'))
                {
                    return true;
                }
            }
        }

        return false;
    }

    private bool IsInText(string text) => Text is null || Text.IsMatch(text);
}
