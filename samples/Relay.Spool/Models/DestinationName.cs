using System.Globalization;

namespace Relay.Spool;

/// <summary>The name of a destination: what its recipients' domain is called in queues, figures and commands.</summary>
public static class DestinationName
{
    private static readonly IdnMapping Idn = new() { AllowUnassigned = true, UseStd3AsciiRules = false };

    /// <summary>The destination of mailboxes without a domain, <c>Postmaster</c> (RFC 5321 §4.5.1).</summary>
    public const string Local = "localhost";

    /// <summary>The destination of a mailbox: its domain as lower-case A-labels, an address literal as it is, in lower case.</summary>
    public static string Of(string forwardPath)
    {
        ArgumentNullException.ThrowIfNull(forwardPath);
        int at = forwardPath.LastIndexOf('@');
        return at < 0 ? Local : OfDomain(forwardPath[(at + 1)..]);
    }

    /// <summary>Whether a mailbox is at a destination; without making anything of what is ASCII.</summary>
    internal static bool IsOf(string forwardPath, string destination) =>
        forwardPath.AsSpan(forwardPath.LastIndexOf('@') + 1).TrimEnd('.').Equals(destination, StringComparison.OrdinalIgnoreCase) || Of(forwardPath) == destination;

    /// <summary>The same of a domain.</summary>
    public static string OfDomain(string domain)
    {
        ArgumentNullException.ThrowIfNull(domain);
        domain = domain.TrimEnd('.').ToLowerInvariant();
        if (domain.Length == 0)
        {
            return Local;
        }

        if (System.Text.Ascii.IsValid(domain))
        {
            return domain;
        }

        try
        {
            return Idn.GetAscii(domain).ToLowerInvariant();
        }
        catch (ArgumentException)
        {
            // No IDN: no resolver will know it either, and delivery says so.
            return domain;
        }
    }
}
