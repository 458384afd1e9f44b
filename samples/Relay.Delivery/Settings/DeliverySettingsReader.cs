using System.Net;
using System.Text;
using Microsoft.Extensions.Configuration;
using Relay.Spool;
using Smtp.Client;
using Smtp.Core;

namespace Relay.Delivery;

/// <summary>Makes delivery settings of the sections <c>Relay:Delivery</c> and <c>Relay:Dkim</c>. README.md has the keys.</summary>
public static class DeliverySettingsReader
{
    private static readonly TimeSpan Instant = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);
    private static readonly TimeSpan Month = TimeSpan.FromDays(30);

    /// <summary>The sections that are read here; their keys are nobody else's.</summary>
    public static IReadOnlyList<string> Sections { get; } = ["Relay:Delivery", "Relay:Dkim"];

    /// <summary>Reads the settings.</summary>
    /// <param name="configuration">The configuration; relative paths in it are relative to the working directory.</param>
    /// <param name="usual">What holds where a key is not set; name, routes, retry times and grace time are read by the host.</param>
    /// <param name="errors">Gets a sentence for each thing that is wrong; then what is returned is of no use.</param>
    public static DeliverySettings Read(IConfiguration configuration, DeliverySettings usual, ICollection<string> errors)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        ArgumentNullException.ThrowIfNull(usual);
        ArgumentNullException.ThrowIfNull(errors);
        var keys = new KeyReader(configuration, errors);
        ShapingSettings shaping = Shaping(keys, "Relay:Delivery:Site", usual.Shaping);
        DeliverySettings settings = usual with
        {
            Dkim = Dkim(keys),
            Port = keys.Number("Relay:Delivery:Port", usual.Port, 1, IPEndPoint.MaxPort),
            Dns = Dns(keys, usual.Dns),
            Retry = usual.Retry with
            {
                Jitter = keys.Fraction("Relay:Delivery:Jitter", usual.Retry.Jitter, 0, 0.5),
                DelayNotice = keys.Duration("Relay:Delivery:DelayNotice", usual.Retry.DelayNotice, Second, Month),
            },
            Shaping = shaping,
            Domains = Domains(keys, shaping),
            MaximumConnections = keys.Number("Relay:Delivery:MaximumConnections", usual.MaximumConnections, 1, 100_000),
            MaximumInFlight = keys.Number("Relay:Delivery:MaximumInFlight", usual.MaximumInFlight, 10, 1_000_000),
            MaximumHops = keys.Number("Relay:Delivery:MaximumHops", usual.MaximumHops, 1, 1000),
            MaximumCrashes = keys.Number("Relay:Delivery:MaximumCrashes", usual.MaximumCrashes, 1, 1000),
            Timeouts = Timeouts(keys, usual.Timeouts),
            Suppress = keys.Flag("Relay:Delivery:Suppress", usual.Suppress),
            MtaSts = keys.Flag("Relay:Delivery:MtaSts", usual.MtaSts),
            Verp = Verp(keys, errors),
            CaPath = CaPath(keys),
            RulesPath = RulesPath(keys, usual.RulesPath, errors),
            Pools = PoolSettingsReader.Read(keys, errors),
        };
        keys.RefuseOthers([.. Sections]);
        return settings;
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
                    keys.Wrong(selector.Path, $"the path of a private key: {error.Message.TrimEnd('.')}");
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

    private static string? RulesPath(KeyReader keys, string? usual, ICollection<string> errors)
    {
        const string Key = "Relay:Delivery:RulesFile";
        string? path = keys.Text(Key);
        if (path is "off" || (path ?? usual) is not { } used)
        {
            return null;
        }

        used = Path.GetFullPath(used);
        try
        {
            _ = RulesFile.Read(used);
        }
        catch (DeliveryRulesException error)
        {
            foreach (string problem in error.Problems)
            {
                errors.Add($"{Key} is \"{used}\": {problem}");
            }
        }

        return used;
    }

    private static string? CaPath(KeyReader keys)
    {
        const string Key = "Relay:Delivery:CaPath";
        if (keys.Text(Key) is not { } path)
        {
            return null;
        }

        try
        {
            _ = new TrustStore().Validator(path);
        }
        catch (IOException error)
        {
            keys.Wrong(Key, $"the path of certificates in PEM: {error.Message}");
        }

        return Path.GetFullPath(path);
    }

    private static Dictionary<string, ShapingSettings> Domains(KeyReader keys, ShapingSettings usual)
    {
        var domains = new Dictionary<string, ShapingSettings>(StringComparer.Ordinal);
        foreach (IConfigurationSection domain in keys.Children("Relay:Delivery:Domains"))
        {
            // Read in any case: its keys are known, whatever its name is.
            domains[domain.Key.ToLowerInvariant()] = Shaping(keys, domain.Path, usual);
            if (!IsDomain(domain.Key))
            {
                keys.Wrong(domain.Path, "a domain as its name, such as Relay:Delivery:Domains:example.com");
            }
        }

        return domains;
    }

    /// <summary>Whether the name of a key can be a recipients' domain; one that cannot would wait for mail for ever, and nobody would be told of the slip.</summary>
    public static bool IsDomain(string text)
    {
        string name = DestinationName.OfDomain(text);
        return (name.StartsWith('[') && name.EndsWith(']')) || Array.TrueForAll(name.Split('.'), label => label.Length is > 0 and <= 63 && label.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_'));
    }

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
            MessagesPerSecond = keys.Text(pace) is null ? usual.MessagesPerSecond : keys.Fraction(pace, 1, 0.001, 100_000),
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
