namespace Smtp.Core.Tests;

/// <summary>Commands by a dictionary of upper-case words.</summary>
internal static class CommandOracle
{
    private static readonly Dictionary<string, SmtpVerb> Verbs = Enum.GetValues<SmtpVerb>()
        .Where(verb => verb != SmtpVerb.Unknown)
        .ToDictionary(verb => verb.ToString(), StringComparer.OrdinalIgnoreCase);

    public static (SmtpVerb Verb, string Argument) Parse(string line)
    {
        string[] parts = line.TrimEnd(' ', '\t').Split(' ', 2);
        return Verbs.TryGetValue(parts[0], out SmtpVerb verb) ? (verb, parts.Length > 1 ? parts[1] : "") : (SmtpVerb.Unknown, "");
    }
}
