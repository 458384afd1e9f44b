using System.Globalization;

namespace Smtp.Core.Tests;

/// <summary>The <c>@</c> lines of a dialogue: how the server is set up and what the outside decides.</summary>
internal sealed class DialogueSettings
{
    private readonly Dictionary<string, long> _limits = new(StringComparer.Ordinal);
    private readonly List<string> _mechanisms = [];
    private SmtpExtensions _extensions = ServerProfileOptions.DefaultExtensions;
    private PathOptions _leniency;
    private BareLineEndingPolicy _bareLineEndings;
    private string _greeting = "";
    private bool _plaintextAuthentication;
    private bool _requireAuthentication;
    private bool _requireQualifiedDomains;
    private bool _requireTls;
    private bool _lmtp;
    private ContentPolicy _nulOctets = ContentPolicy.Reject;
    private ContentPolicy _longLines;

    private DialogueSettings()
    {
    }

    public SessionPolicy Policy { get; } = new();

    /// <summary>Whether the connection is under TLS from the start.</summary>
    public bool IsTls { get; private set; }

    /// <summary>Whether the file's own steps are left out in front of the scenario.</summary>
    public bool FromTheStart { get; private set; }

    /// <summary>Reads settings in order; later ones go over earlier ones.</summary>
    public static DialogueSettings Parse(IEnumerable<string> lines)
    {
        var settings = new DialogueSettings();
        foreach (string line in lines)
        {
            settings.Apply(line.Split(' ', 2) is [var name, var value] ? (name, value.Trim()) : (line, ""));
        }

        return settings;
    }

    public ServerProfile BuildProfile() => new(new ServerProfileOptions
    {
        HostName = "mx.example.org",
        GreetingText = _greeting,
        Extensions = _extensions,
        AuthenticationMechanisms = _mechanisms,
        AllowPlaintextAuthentication = _plaintextAuthentication,
        RequireAuthentication = _requireAuthentication,
        RequireQualifiedDomains = _requireQualifiedDomains,
        RequireTls = _requireTls,
        Leniency = _leniency,
        BareLineEndings = _bareLineEndings,
        NulOctets = _nulOctets,
        LongLines = _longLines,
        Lmtp = _lmtp,
        Limits = new SmtpLimits
        {
            MaximumCommandLineLength = (int)Limit("command-line", 4096),
            MaximumAuthenticationLineLength = (int)Limit("auth-line", 12288),
            MaximumMessageSize = Limit("message-size", 50 * 1024 * 1024),
            MaximumRecipients = (int)Limit("recipients", 1000),
            MaximumMessages = (int)Limit("messages", int.MaxValue),
            MaximumErrors = (int)Limit("errors", 20),
            MaximumUnproductiveCommands = (int)Limit("unproductive-commands", 100),
            MaximumAuthenticationFailures = (int)Limit("auth-failures", 3),
            MaximumDiscardedOctets = Limit("discarded-octets", 256 * 1024 * 1024),
        },
    });

    private long Limit(string name, long value) => _limits.GetValueOrDefault(name, value);

    private void Apply((string Name, string Value) setting)
    {
        string[] words = setting.Value.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        switch (setting.Name)
        {
            case "offer":
                _extensions = words.Aggregate(SmtpExtensions.None, (all, word) => all | Extension(word));
                break;
            case "mechanisms":
                _mechanisms.Clear();
                _mechanisms.AddRange(words);
                break;
            case "plaintext-auth":
                _plaintextAuthentication = true;
                break;
            case "require-auth":
                _requireAuthentication = true;
                break;
            case "require-qualified-domains":
                _requireQualifiedDomains = true;
                break;
            case "require-tls":
                _requireTls = true;
                break;
            case "tls":
                IsTls = true;
                break;
            case "lenient":
                _leniency = PathOptions.AllowLeadingSpace | PathOptions.AllowMissingBrackets;
                break;
            case "normalize-line-endings":
                _bareLineEndings = BareLineEndingPolicy.Normalize;
                break;
            case "accept-nul":
                _nulOctets = ContentPolicy.Accept;
                break;
            case "reject-long-lines":
                _longLines = ContentPolicy.Reject;
                break;
            case "lmtp":
                _lmtp = true;
                break;
            case "greeting":
                _greeting = setting.Value;
                break;
            case "limit":
                _limits[words[0]] = long.Parse(words[1], CultureInfo.InvariantCulture);
                break;
            case "user":
                Policy.Users[words[0]] = words[1];
                break;
            case "may-act-as":
                Policy.MayActAs[words[0]] = words[1];
                break;
            case "answer":
                Answer(words);
                break;
            case "login-refusal":
                Policy.LoginRefusal = Reply(words);
                break;
            case "sink-fails-behind":
                Policy.SinkCapacity = int.Parse(words[0], CultureInfo.InvariantCulture);
                Policy.SinkFailure = Reply(words.AsSpan(1));
                break;
            case "from-the-start":
                FromTheStart = true;
                break;
            default:
                throw new DialogueException($"@{setting.Name} is no setting.");
        }
    }

    /// <summary><c>answer RCPT bad@example.org 550 5.1.1 No such user</c>, <c>answer COMMIT 451 4.3.0 Try later</c></summary>
    private void Answer(string[] words)
    {
        int code = Array.FindIndex(words, 1, word => word.Length == 3 && word.All(char.IsAsciiDigit));
        Policy.Answers[string.Join(' ', words[..code])] = Reply(words.AsSpan(code));
    }

    private static SmtpReply Reply(ReadOnlySpan<string> words) =>
        SmtpReply.Create(int.Parse(words[0], CultureInfo.InvariantCulture), string.Join(' ', words[1..]));

    private static SmtpExtensions Extension(string keyword) => keyword switch
    {
        "PIPELINING" => SmtpExtensions.Pipelining,
        "SIZE" => SmtpExtensions.Size,
        "8BITMIME" => SmtpExtensions.EightBitMime,
        "ENHANCEDSTATUSCODES" => SmtpExtensions.EnhancedStatusCodes,
        "STARTTLS" => SmtpExtensions.StartTls,
        "AUTH" => SmtpExtensions.Auth,
        "SMTPUTF8" => SmtpExtensions.SmtpUtf8,
        "CHUNKING" => SmtpExtensions.Chunking,
        "BINARYMIME" => SmtpExtensions.BinaryMime,
        "DSN" => SmtpExtensions.Dsn,
        "REQUIRETLS" => SmtpExtensions.RequireTls,
        "LIMITS" => SmtpExtensions.Limits,
        _ => throw new DialogueException($"{keyword} is no extension."),
    };
}
