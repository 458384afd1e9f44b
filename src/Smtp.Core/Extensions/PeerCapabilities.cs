using System.Collections.Frozen;
using System.Globalization;
using System.Text;

namespace Smtp.Core;

/// <summary>What a server's EHLO reply said (RFC 5321 §4.1.1.1). Immutable; made once for each EHLO.</summary>
public sealed class PeerCapabilities
{
    private readonly FrozenDictionary<string, string> _keywords;

    private PeerCapabilities(string hostName, Dictionary<string, string> keywords)
    {
        _keywords = keywords.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);
        HostName = hostName;
        Extensions = Recognize();
        if ((Extensions & SmtpExtensions.Size) != 0)
        {
            MaximumSize = ParseNumber(_keywords["SIZE"]);
        }

        if (_keywords.TryGetValue("AUTH", out string? mechanisms))
        {
            AuthenticationMechanisms = Array.AsReadOnly(mechanisms.ToUpperInvariant().Split(' ', StringSplitOptions.RemoveEmptyEntries));
        }

        if (_keywords.TryGetValue("LIMITS", out string? limits))
        {
            MaximumMessages = ParseLimit(limits, "MAILMAX=");
            MaximumRecipients = ParseLimit(limits, "RCPTMAX=");
            MaximumRecipientDomains = ParseLimit(limits, "RCPTDOMAINMAX=");
        }
    }

    /// <summary>Nothing: before EHLO, or of a server that knows only HELO.</summary>
    public static PeerCapabilities None { get; } = new(string.Empty, []);

    /// <summary>The name by which the server called itself in the reply's first line; empty if it did not.</summary>
    public string HostName { get; }

    /// <summary>The extensions offered, of those that the engine knows.</summary>
    public SmtpExtensions Extensions { get; }

    /// <summary>SIZE's limit in octets (RFC 1870 §3); <see langword="null"/> without a fixed one.</summary>
    public long? MaximumSize { get; }

    /// <summary>AUTH's mechanisms in upper case, in the server's order (RFC 4954 §3).</summary>
    public IReadOnlyList<string> AuthenticationMechanisms { get; } = [];

    /// <summary>LIMITS MAILMAX: transactions a connection (RFC 9422 §4.1); <see langword="null"/> if not given.</summary>
    public int? MaximumMessages { get; }

    /// <summary>LIMITS RCPTMAX: recipients a transaction (RFC 9422 §4.2); <see langword="null"/> if not given.</summary>
    public int? MaximumRecipients { get; }

    /// <summary>LIMITS RCPTDOMAINMAX: recipient domains a connection (RFC 9422 §4.3); <see langword="null"/> if not given.</summary>
    public int? MaximumRecipientDomains { get; }

    /// <summary>Every EHLO keyword of the reply, known or not.</summary>
    public IEnumerable<string> Keywords => _keywords.Keys;

    /// <summary>Whether all of <paramref name="extensions"/> are offered.</summary>
    public bool Offers(SmtpExtensions extensions) => (Extensions & extensions) == extensions;

    /// <summary>Looks a keyword up, in any case.</summary>
    /// <param name="keyword">Such as <c>XCLIENT</c>.</param>
    /// <param name="parameters">What stands behind it; empty if nothing does.</param>
    /// <returns>Whether it was offered.</returns>
    public bool TryGetKeyword(string keyword, out string parameters)
    {
        bool found = _keywords.TryGetValue(keyword, out string? value);
        parameters = value ?? string.Empty;
        return found;
    }

    /// <summary>
    /// Reads a positive EHLO reply: <c>ehlo-line = ehlo-keyword *( SP ehlo-param )</c>, a line each behind the first. Lines that break
    /// the grammar are passed over, as RFC 5321 §4.1.1.1 lets a client live without what it does not understand.
    /// </summary>
    public static PeerCapabilities Parse(ReceivedReply reply)
    {
        string name = string.Empty;
        var keywords = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        bool first = true;
        foreach (ReadOnlySpan<byte> octets in reply.Lines)
        {
            ReadOnlySpan<byte> line = octets.Trim((byte)' ');
            int space = line.IndexOf((byte)' ');
            ReadOnlySpan<byte> word = space < 0 ? line : line[..space];
            ReadOnlySpan<byte> parameters = space < 0 ? default : line[(space + 1)..].Trim((byte)' ');
            if (first)
            {
                first = false;
                name = PathSyntax.IsHelloName(word) ? Encoding.ASCII.GetString(word) : string.Empty;
                continue;
            }

            // "AUTH=LOGIN" is how drafts before RFC 2554 wrote it; such servers mostly send both lines.
            if (word.Length > 5 && Ascii.EqualsIgnoreCase(word[..5], "AUTH="u8))
            {
                keywords.TryAdd("AUTH", Encoding.ASCII.GetString(line[5..]));
            }
            else if (IsKeyword(word) && Ascii.IsValid(parameters))
            {
                keywords[Encoding.ASCII.GetString(word)] = Encoding.ASCII.GetString(parameters);
            }
        }

        return new PeerCapabilities(name, keywords);
    }

    private SmtpExtensions Recognize()
    {
        SmtpExtensions extensions = Flag("PIPELINING", SmtpExtensions.Pipelining)
            | Flag("SIZE", SmtpExtensions.Size)
            | Flag("8BITMIME", SmtpExtensions.EightBitMime)
            | Flag("ENHANCEDSTATUSCODES", SmtpExtensions.EnhancedStatusCodes)
            | Flag("STARTTLS", SmtpExtensions.StartTls)
            | Flag("AUTH", SmtpExtensions.Auth)
            | Flag("SMTPUTF8", SmtpExtensions.SmtpUtf8)
            | Flag("CHUNKING", SmtpExtensions.Chunking)
            | Flag("DSN", SmtpExtensions.Dsn)
            | Flag("LIMITS", SmtpExtensions.Limits)
            | Flag("REQUIRETLS", SmtpExtensions.RequireTls);

        // RFC 3030 §3: BINARYMIME can only be sent by BDAT.
        return (extensions & SmtpExtensions.Chunking) != 0 ? extensions | Flag("BINARYMIME", SmtpExtensions.BinaryMime) : extensions;
    }

    private SmtpExtensions Flag(string keyword, SmtpExtensions extension) => _keywords.ContainsKey(keyword) ? extension : SmtpExtensions.None;

    /// <summary>A size that overflows is as good as no limit; RFC 1870 §3 says the same of 0 and of no number.</summary>
    private static long? ParseNumber(string text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long number) && number > 0 ? number : null;

    private static int? ParseLimit(string limits, string name)
    {
        foreach (string limit in limits.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (limit.StartsWith(name, StringComparison.OrdinalIgnoreCase)
                && int.TryParse(limit.AsSpan(name.Length), NumberStyles.None, CultureInfo.InvariantCulture, out int number)
                && number > 0)
            {
                return number;
            }
        }

        return null;
    }

    /// <summary><c>ehlo-keyword = (ALPHA / DIGIT) *(ALPHA / DIGIT / "-")</c></summary>
    private static bool IsKeyword(ReadOnlySpan<byte> word)
    {
        foreach (byte octet in word)
        {
            if (!char.IsAsciiLetterOrDigit((char)octet) && octet != '-')
            {
                return false;
            }
        }

        return !word.IsEmpty && word[0] != '-';
    }
}
