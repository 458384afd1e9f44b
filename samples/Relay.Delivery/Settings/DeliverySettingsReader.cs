using System.Globalization;
using System.Net;
using System.Text;
using Microsoft.Extensions.Configuration;
using Smtp.Client;
using Smtp.Core;

namespace Relay.Delivery;

/// <summary>Makes delivery settings of configuration: of <c>Relay:Delivery</c>, <c>Relay:Routes</c> and <c>Relay:Dkim</c>. README.md has the keys.</summary>
public static class DeliverySettingsReader
{
    private static readonly TimeSpan Instant = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);
    private static readonly TimeSpan Month = TimeSpan.FromDays(30);

    /// <summary>The sections that are read here; their keys are nobody else's.</summary>
    public static IReadOnlyList<string> Sections { get; } = ["Relay:Delivery", "Relay:Routes", "Relay:Dkim"];

    /// <summary>Reads the settings.</summary>
    /// <param name="configuration">The configuration; relative paths in it are relative to the working directory.</param>
    /// <param name="hostName">The relay's own name.</param>
    /// <param name="nextHop">The host for all mail without a route of its own; null for the recipients' mail exchangers.</param>
    /// <param name="ownEndPoints">Where the relay takes mail.</param>
    /// <param name="errors">Gets a sentence for each thing that is wrong; then what is returned is of no use.</param>
    public static DeliverySettings Read(
        IConfiguration configuration, string hostName, RouteSettings? nextHop, IReadOnlyList<IPEndPoint> ownEndPoints, ICollection<string> errors)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        ArgumentNullException.ThrowIfNull(errors);
        var keys = new KeyReader(configuration, errors);
        var usual = new DeliverySettings { HostName = hostName };
        ShapingSettings shaping = Shaping(keys, "Relay:Delivery:Site", usual.Shaping);
        var settings = new DeliverySettings
        {
            HostName = hostName,
            NextHop = nextHop,
            OwnEndPoints = ownEndPoints,
            Routes = Routes(keys),
            Dkim = Dkim(keys),
            Port = keys.Number("Relay:Delivery:Port", usual.Port, 1, IPEndPoint.MaxPort),
            Dns = Dns(keys, usual.Dns),
            Retry = Retry(keys, errors, usual.Retry),
            Shaping = shaping,
            Domains = Domains(keys, shaping),
            MaximumConnections = keys.Number("Relay:Delivery:MaximumConnections", usual.MaximumConnections, 1, 100_000),
            MaximumInFlight = keys.Number("Relay:Delivery:MaximumInFlight", usual.MaximumInFlight, 10, 1_000_000),
            MaximumHops = keys.Number("Relay:Delivery:MaximumHops", usual.MaximumHops, 1, 1000),
            MaximumCrashes = keys.Number("Relay:Delivery:MaximumCrashes", usual.MaximumCrashes, 1, 1000),
            GraceTime = keys.Duration("Relay:Delivery:GraceTime", usual.GraceTime, Instant, Hour),
            Timeouts = Timeouts(keys, usual.Timeouts),
            Suppress = keys.Flag("Relay:Delivery:Suppress", usual.Suppress),
            Verp = Verp(keys, errors),
            CaPath = keys.Text("Relay:Delivery:CaPath") is { } path ? Path.GetFullPath(path) : null,
        };
        keys.RefuseOthers([.. Sections]);
        return settings;
    }

    /// <summary>Reads <c>host:port</c>, and behind a space how to get TLS.</summary>
    internal static bool TryParseRoute(string text, out RouteSettings? route)
    {
        route = null;
        string[] words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (words.Length is 0 or > 2 || !TryParseHost(words[0], out string host, out int port))
        {
            return false;
        }

        bool isLocal = host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || (IPAddress.TryParse(host, out IPAddress? address) && IPAddress.IsLoopback(address));
        SmtpTlsMode? mode = words.Length == 1 ? (isLocal ? SmtpTlsMode.None : SmtpTlsMode.StartTlsIfOffered) : words[1].ToUpperInvariant() switch
        {
            "NONE" => SmtpTlsMode.None,
            "IFOFFERED" => SmtpTlsMode.StartTlsIfOffered,
            "STARTTLS" => SmtpTlsMode.StartTlsRequired,
            "IMPLICIT" => SmtpTlsMode.Implicit,
            _ => null,
        };
        route = mode is { } m ? new RouteSettings(host, port, m) : null;
        return route is not null;
    }

    private static bool TryParseHost(string text, out string host, out int port)
    {
        host = string.Empty;
        port = 0;
        int colon = text.LastIndexOf(':');
        if (colon <= 0 || !int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out port) || port is 0 or > IPEndPoint.MaxPort)
        {
            return false;
        }

        // Brackets are what tells an IPv6 address's last group from a port.
        bool isBracketed = text[0] == '[' && text[colon - 1] == ']';
        host = isBracketed ? text[1..(colon - 1)] : text[..colon];
        return isBracketed ? Uri.CheckHostName(host) == UriHostNameType.IPv6 : Uri.CheckHostName(host) is UriHostNameType.Dns or UriHostNameType.IPv4;
    }

    private static Dictionary<string, RouteSettings> Routes(KeyReader keys)
    {
        var routes = new Dictionary<string, RouteSettings>(StringComparer.Ordinal);
        foreach (IConfigurationSection child in keys.Children("Relay:Routes"))
        {
            if (keys.Text(child.Path) is not { } text)
            {
                continue;
            }

            if (TryParseRoute(text, out RouteSettings? route))
            {
                routes[child.Key.ToLowerInvariant()] = route!;
            }
            else
            {
                keys.Wrong(child.Path, "host:port, and behind a space None, IfOffered, StartTls or Implicit, such as \"mx.example.com:25 StartTls\"");
            }
        }

        return routes;
    }

    private static List<DkimSettings> Dkim(KeyReader keys)
    {
        var dkim = new List<DkimSettings>();
        foreach (IConfigurationSection domain in keys.Children("Relay:Dkim"))
        {
            foreach (IConfigurationSection selector in domain.GetChildren())
            {
                if (keys.Text(selector.Path) is not { } path)
                {
                    continue;
                }

                var settings = new DkimSettings(domain.Key.ToLowerInvariant(), selector.Key, Path.GetFullPath(path));
                try
                {
                    DkimKey.Load(settings, TimeProvider.System);
                    dkim.Add(settings);
                }
                catch (DkimKeyException error)
                {
                    keys.Wrong(selector.Path, $"the path of a private key: {error.Message}");
                }
            }
        }

        return dkim;
    }

    private static DnsSettings Dns(KeyReader keys, DnsSettings usual)
    {
        const string Servers = "Relay:Delivery:Dns:Servers";
        var servers = new List<IPEndPoint>();
        foreach (string text in (keys.Text(Servers) ?? string.Empty).Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (IPEndPoint.TryParse(text, out IPEndPoint? server))
            {
                servers.Add(server.Port == 0 ? new IPEndPoint(server.Address, 53) : server);
            }
            else
            {
                keys.Wrong(Servers, "IP addresses of name servers, separated by commas, with a port if it is not 53, such as 192.0.2.53 or [2001:db8::53]:5353");
                break;
            }
        }

        return usual with
        {
            Servers = servers,
            Timeout = keys.Duration("Relay:Delivery:Dns:Timeout", usual.Timeout, Instant, TimeSpan.FromMinutes(1)),
            Retries = keys.Number("Relay:Delivery:Dns:Retries", usual.Retries, 0, 10),
            MaximumHosts = keys.Number("Relay:Delivery:Dns:MaximumHosts", usual.MaximumHosts, 1, 100),
        };
    }

    private static RetrySchedule Retry(KeyReader keys, ICollection<string> errors, RetrySchedule usual)
    {
        var retry = new RetrySchedule
        {
            First = keys.Duration("Relay:Delivery:Retry:First", usual.First, Instant, Day),
            Longest = keys.Duration("Relay:Delivery:Retry:Longest", usual.Longest, Instant, Day),
            Jitter = keys.Decimal("Relay:Delivery:Retry:Jitter", usual.Jitter, 0, 0.5),
            MaximumAge = keys.Duration("Relay:Delivery:Retry:MaximumAge", usual.MaximumAge, Second, Month),
            DelayNotice = keys.Duration("Relay:Delivery:Retry:DelayNotice", usual.DelayNotice, Second, Month),
        };
        if (retry.Longest < retry.First)
        {
            errors.Add("Relay:Delivery:Retry:Longest is shorter than Relay:Delivery:Retry:First.");
        }

        return retry;
    }

    private static Dictionary<string, ShapingSettings> Domains(KeyReader keys, ShapingSettings usual) =>
        keys.Children("Relay:Delivery:Domains").ToDictionary(d => d.Key.ToLowerInvariant(), d => Shaping(keys, d.Path, usual), StringComparer.Ordinal);

    private static ShapingSettings Shaping(KeyReader keys, string section, ShapingSettings usual)
    {
        int most = keys.Number(section + ":MaximumConnections", usual.MaximumConnections, 1, 10_000);
        string pace = section + ":MessagesPerSecond";
        return new ShapingSettings
        {
            InitialConnections = Math.Min(most, keys.Number(section + ":InitialConnections", usual.InitialConnections, 1, 10_000)),
            MaximumConnections = most,
            MessagesPerConnection = keys.Number(section + ":MessagesPerConnection", usual.MessagesPerConnection, 1, 1_000_000),
            IdleTime = keys.Duration(section + ":IdleTime", usual.IdleTime, Instant, Hour),
            MessagesPerSecond = keys.Text(pace) is null ? usual.MessagesPerSecond : keys.Decimal(pace, 1, 0.001, 100_000),
            Burst = keys.Number(section + ":Burst", usual.Burst, 1, 10_000),
            FirstBackoff = keys.Duration(section + ":FirstBackoff", usual.FirstBackoff, Instant, Day),
            LongestBackoff = keys.Duration(section + ":LongestBackoff", usual.LongestBackoff, Instant, Day),
            RequireTls = keys.Flag(section + ":RequireTls", usual.RequireTls),
        };
    }

    private static SmtpClientTimeouts Timeouts(KeyReader keys, SmtpClientTimeouts usual)
    {
        return new SmtpClientTimeouts
        {
            Connect = Of("Connect", usual.Connect),
            TlsHandshake = Of("TlsHandshake", usual.TlsHandshake),
            Greeting = Of("Greeting", usual.Greeting),
            Command = Of("Command", usual.Command),
            Mail = Of("Mail", usual.Mail),
            Recipient = Of("Recipient", usual.Recipient),
            Data = Of("Data", usual.Data),
            DataBlock = Of("DataBlock", usual.DataBlock),
            FinalReply = Of("FinalReply", usual.FinalReply),
        };

        TimeSpan Of(string name, TimeSpan byDefault) => keys.Duration("Relay:Delivery:Timeouts:" + name, byDefault, Instant, Hour);
    }

    private static VerpSettings? Verp(KeyReader keys, ICollection<string> errors)
    {
        string? domain = keys.Text("Relay:Delivery:Verp:Domain");
        string? secret = keys.Text("Relay:Delivery:Verp:Secret");
        if (domain is null || secret is null)
        {
            if (domain is not null || secret is not null)
            {
                errors.Add("Relay:Delivery:Verp:Domain and Relay:Delivery:Verp:Secret must be set together.");
            }

            return null;
        }

        if (!SmtpPath.TryParse("a@" + domain, out _) || domain.StartsWith('['))
        {
            keys.Wrong("Relay:Delivery:Verp:Domain", "a domain whose mail comes to this relay, such as bounces.example.com");
        }

        byte[] key = Encoding.UTF8.GetBytes(secret);
        if (key.Length < 16)
        {
            // Not Wrong(): that would print the secret.
            errors.Add("Relay:Delivery:Verp:Secret is shorter than 16 octets.");
            return null;
        }

        return new VerpSettings(domain.ToLowerInvariant(), key);
    }
}
