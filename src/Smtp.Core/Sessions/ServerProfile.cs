using System.Text;

namespace Smtp.Core;

/// <summary>
/// What one listener offers and asks for: the constant part of its sessions, made once and shared by all of them. EHLO replies are built
/// here, one per state that changes them.
/// </summary>
public sealed class ServerProfile
{
    private readonly byte[][] _ehloReplies = new byte[16][];
    private readonly byte[] _heloReply;
    private readonly string[] _mechanisms;

    /// <summary>Makes a profile.</summary>
    /// <param name="options">What to offer. Read once.</param>
    /// <exception cref="ArgumentException">The options contradict each other or hold text that no reply can carry.</exception>
    public ServerProfile(ServerProfileOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (!PathSyntax.IsHelloName(Encoding.UTF8.GetBytes(options.HostName)))
        {
            throw new ArgumentException($"HostName '{options.HostName}' is not a domain or an address literal.", nameof(options));
        }

        foreach (string mechanism in options.AuthenticationMechanisms)
        {
            if (!SaslServerMechanism.IsKnown(mechanism))
            {
                throw new ArgumentException($"'{mechanism}' is not a SASL mechanism that the engine has.", nameof(options));
            }
        }

        _mechanisms = [.. options.AuthenticationMechanisms];
        Options = options;
        HostName = options.HostName;
        Limits = options.Limits;
        Extensions = options.Extensions;
        if (options.AuthenticationMechanisms.Count == 0)
        {
            Extensions &= ~SmtpExtensions.Auth;
        }

        if ((Extensions & SmtpExtensions.EightBitMime) == 0)
        {
            // RFC 6531 §3.1: SMTPUTF8 comes with 8BITMIME. BINARYMIME is a value of 8BITMIME's BODY.
            Extensions &= ~(SmtpExtensions.SmtpUtf8 | SmtpExtensions.BinaryMime);
        }

        if ((Extensions & SmtpExtensions.Chunking) == 0)
        {
            Extensions &= ~SmtpExtensions.BinaryMime;
        }

        Greeting = SmtpReply.Create(220, $"{options.HostName} {(options.Lmtp ? "LMTP" : "ESMTP")}{(options.GreetingText.Length > 0 ? " " + options.GreetingText : string.Empty)}");
        _heloReply = Encoding.ASCII.GetBytes($"250 {options.HostName}\r\n");
        for (int state = 0; state < _ehloReplies.Length; state++)
        {
            _ehloReplies[state] = BuildEhlo((state & 1) != 0, (state & 2) != 0, (state & 4) != 0, (state & 8) != 0);
        }
    }

    /// <summary>The options as given.</summary>
    public ServerProfileOptions Options { get; }

    /// <summary>The server's own name.</summary>
    public string HostName { get; }

    /// <summary>The bounds of each session.</summary>
    public SmtpLimits Limits { get; }

    /// <summary>What is offered at all; some of it depends on the state, see <see cref="GetActiveExtensions"/>.</summary>
    public SmtpExtensions Extensions { get; }

    /// <summary>The 220 that a client is greeted with.</summary>
    public SmtpReply Greeting { get; }

    /// <summary>What EHLO offers, and commands may use, in a state.</summary>
    public SmtpExtensions GetActiveExtensions(bool isTls, bool isAuthenticated)
    {
        SmtpExtensions active = Extensions;
        if (isTls)
        {
            active &= ~SmtpExtensions.StartTls;
        }
        else
        {
            // RFC 8689 §3: REQUIRETLS is offered under TLS only.
            active &= ~SmtpExtensions.RequireTls;
        }

        // MAIL's AUTH parameter stays valid behind a successful AUTH (RFC 4954 §5), so authentication itself takes nothing away here.
        return active;
    }

    /// <summary>Whether a mechanism may be used now: it is configured, and its secret would not cross the network in the clear.</summary>
    internal bool Offers(string mechanism, bool isTls, bool hasBinding, bool hasCertificate) =>
        _mechanisms.Contains(mechanism, StringComparer.OrdinalIgnoreCase)
        && SaslServerMechanism.Canonical(mechanism) switch
        {
            "EXTERNAL" => isTls && hasCertificate,
            "SCRAM-SHA-256-PLUS" => isTls && hasBinding,
            _ => isTls || Options.AllowPlaintextAuthentication || !SaslServerMechanism.SendsPlaintextSecret(mechanism),
        };

    /// <summary>The reply to HELO.</summary>
    internal ReadOnlySpan<byte> HeloReply => _heloReply;

    /// <summary>The reply to EHLO in a session's state.</summary>
    internal ReadOnlySpan<byte> EhloReply(ServerSession session)
    {
        int state = (session.IsTls ? 1 : 0) | (session.IsAuthenticated ? 2 : 0) | (session.ChannelBinding is not null ? 4 : 0) | (session.HasClientCertificate ? 8 : 0);
        return _ehloReplies[state];
    }

    private byte[] BuildEhlo(bool isTls, bool isAuthenticated, bool hasBinding, bool hasCertificate)
    {
        SmtpExtensions active = GetActiveExtensions(isTls, isAuthenticated);
        var lines = new List<string> { HostName };

        void Offer(SmtpExtensions extension, string line)
        {
            if ((active & extension) != 0)
            {
                lines.Add(line);
            }
        }

        Offer(SmtpExtensions.Pipelining, "PIPELINING");
        Offer(SmtpExtensions.Size, $"SIZE {Limits.MaximumMessageSize}");
        Offer(SmtpExtensions.EightBitMime, "8BITMIME");
        Offer(SmtpExtensions.EnhancedStatusCodes, "ENHANCEDSTATUSCODES");
        Offer(SmtpExtensions.StartTls, "STARTTLS");
        string[] mechanisms = [.. _mechanisms.Where(m => Offers(m, isTls, hasBinding, hasCertificate))];
        if (mechanisms.Length > 0 && !isAuthenticated)
        {
            Offer(SmtpExtensions.Auth, "AUTH " + string.Join(' ', mechanisms).ToUpperInvariant());
        }

        Offer(SmtpExtensions.SmtpUtf8, "SMTPUTF8");
        Offer(SmtpExtensions.Chunking, "CHUNKING");
        Offer(SmtpExtensions.BinaryMime, "BINARYMIME");
        Offer(SmtpExtensions.Dsn, "DSN");
        Offer(SmtpExtensions.RequireTls, "REQUIRETLS");
        string mailMax = Limits.MaximumMessages == int.MaxValue ? string.Empty : $" MAILMAX={Limits.MaximumMessages}";
        Offer(SmtpExtensions.Limits, $"LIMITS{mailMax} RCPTMAX={Limits.MaximumRecipients}");
        lines.Add("HELP");

        var text = new StringBuilder();
        for (int i = 0; i < lines.Count; i++)
        {
            text.Append("250").Append(i == lines.Count - 1 ? ' ' : '-').Append(lines[i]).Append("\r\n");
        }

        return Encoding.ASCII.GetBytes(text.ToString());
    }
}
