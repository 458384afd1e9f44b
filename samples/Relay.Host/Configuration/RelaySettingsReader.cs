using System.Net;
using System.Text;
using Microsoft.Extensions.Configuration;
using Relay.Delivery;
using Relay.Spool;
using Smtp.Client;
using Smtp.Core;

namespace Relay.Host;

/// <summary>
/// Makes settings of configuration. Everything that is wrong is told at once, each with its key, its value and what is allowed. Keys that nobody reads are
/// wrong too: a misspelt key would silently leave the default in force.
/// </summary>
internal sealed partial class RelaySettingsReader
{
    private const string Root = "Relay";
    private const string UsersPrefix = "Relay:Users:";
    private const string RoutesPrefix = "Relay:Routes:";
    private const string ListenerForm = "host:port, several separated by commas; the host an IP address, [IPv6 address], localhost or * (all), such as 127.0.0.1:2525";

    private static readonly string[] Keys =
    [
        "Relay:Listen", "Relay:ListenTls", "Relay:HostName", "Relay:DataPath",
        "Relay:NextHop", "Relay:NextHopTls", "Relay:NextHopUser", "Relay:NextHopPassword", "Relay:NextHopCaPath",
        "Relay:Capture:Listen", "Relay:Capture:Path", "Relay:Tls:CertificatePath", "Relay:Tls:KeyPath",
        "Relay:Http:Listen", "Relay:Http:BootstrapKey", "Relay:Http:PublicUrl", "Relay:Http:RequestsPerSecond", "Relay:Http:WebhooksToPrivateAddresses",
        "Relay:Spool:Path", "Relay:Retry:First", "Relay:Retry:Longest", "Relay:Retry:MaximumAge", "Relay:GraceTime",
        "Relay:Telemetry:Endpoint", "Relay:Telemetry:Protocol", "Relay:Telemetry:Interval",
    ];

    // Sections whose keys are names.
    private static readonly string[] Prefixes = [UsersPrefix, RoutesPrefix];

    private static readonly string ShippedRules = Path.Combine(AppContext.BaseDirectory, "delivery.rules");

    private readonly IConfiguration _configuration;
    private readonly List<string> _errors = [];
    private readonly KeyReader _keys;

    private RelaySettingsReader(IConfiguration configuration)
    {
        _configuration = configuration;
        _keys = new KeyReader(configuration, _errors);
    }

    /// <summary>Reads the settings.</summary>
    /// <param name="configuration">The configuration; relative paths in it are relative to the working directory.</param>
    /// <param name="errors">A sentence for each thing that is wrong.</param>
    /// <returns>The settings, or null if there are errors.</returns>
    internal static RelaySettings? Read(IConfiguration configuration, out IReadOnlyList<string> errors)
    {
        var reader = new RelaySettingsReader(configuration);
        RelaySettings settings = reader.Read();
        errors = reader._errors;
        return errors.Count == 0 ? settings : null;
    }

    private RelaySettings Read()
    {
        RefuseUnknownKeys(_configuration.GetSection(Root));
        CheckLogging(_configuration.GetSection("Logging"));

        string dataPath = Path.GetFullPath(_keys.Text("Relay:DataPath") ?? "relay-data");
        string? certificatePath = _keys.Text("Relay:Tls:CertificatePath");
        string? keyPath = _keys.Text("Relay:Tls:KeyPath");
        if (keyPath is not null && certificatePath is null)
        {
            _errors.Add("Relay:Tls:KeyPath is set, so that Relay:Tls:CertificatePath must be set too.");
        }

        List<IPEndPoint> listen = Listeners("Relay:Listen", "127.0.0.1:2525");
        List<IPEndPoint> listenTls = Listeners("Relay:ListenTls", string.Empty);
        if (listen.Count + listenTls.Count == 0 && _errors.Count == 0)
        {
            _errors.Add("Relay:Listen and Relay:ListenTls are both empty: there must be an address to listen on.");
        }

        List<IPEndPoint> capture = Listeners("Relay:Capture:Listen", "127.0.0.1:2526");
        if (capture.Count > 1)
        {
            _keys.Wrong("Relay:Capture:Listen", "one host:port");
        }

        RouteSettings? nextHop = NextHop(out bool deliversToExchangers);
        if (nextHop is not null && HostAndPort.IsLoopback(nextHop.Host) && listen.Concat(listenTls).Any(l => l.Port == nextHop.Port))
        {
            _errors.Add($"Relay:NextHop is \"{nextHop}\", where the relay itself listens: mail would go round in a circle.");
        }

        string hostName = HostName();
        string spoolPath = Path.GetFullPath(_keys.Text("Relay:Spool:Path") ?? Path.Combine(dataPath, "spool"));
        return new RelaySettings
        {
            HostName = hostName,
            Listen = listen,
            ListenTls = listenTls,
            DataPath = dataPath,
            SpoolPath = spoolPath,
            NextHop = nextHop,
            DeliversToExchangers = deliversToExchangers,
            Delivery = Delivery(hostName, nextHop, [.. listen, .. listenTls], spoolPath),
            CaptureListen = capture is [var one] ? one : new IPEndPoint(IPAddress.Loopback, 0),
            CapturePath = Path.GetFullPath(_keys.Text("Relay:Capture:Path") ?? Path.Combine(dataPath, "captured")),
            Users = Users(),
            Http = Http(),
            Telemetry = Telemetry(),
            CertificatePath = certificatePath is null ? null : Path.GetFullPath(certificatePath),
            KeyPath = certificatePath is null ? null : Path.GetFullPath(keyPath ?? certificatePath),
        };
    }

    private DeliverySettings Delivery(string hostName, RouteSettings? nextHop, IReadOnlyList<IPEndPoint> ownEndPoints, string spoolPath)
    {
        RetrySchedule retry = Retry();
        var shaping = new ShapingSettings();
        var usual = new DeliverySettings
        {
            HostName = hostName,
            NextHop = nextHop,
            Routes = Routes(),
            OwnEndPoints = ownEndPoints,
            Retry = retry,

            // A site that fails rests no longer than a message that was deferred would.
            Shaping = shaping with { FirstBackoff = Least(shaping.FirstBackoff, retry.First), LongestBackoff = Least(shaping.LongestBackoff, retry.Longest) },
            GraceTime = _keys.Duration("Relay:GraceTime", TimeSpan.FromSeconds(30), TimeSpan.Zero, TimeSpan.FromHours(1)),
            RulesPath = File.Exists(ShippedRules) ? ShippedRules : null,
            StorePath = Path.Combine(spoolPath, "delivery.db"),
        };
        return DeliverySettingsReader.Read(_configuration, usual, _errors);

        static TimeSpan Least(TimeSpan one, TimeSpan other) => one < other ? one : other;
    }

    private void RefuseUnknownKeys(IConfigurationSection section)
    {
        foreach (IConfigurationSection child in section.GetChildren())
        {
            if (DeliverySettingsReader.Sections.Contains(child.Path, StringComparer.OrdinalIgnoreCase))
            {
                // Their reader refuses what it does not know.
                continue;
            }

            bool isKey = Keys.Contains(child.Path, StringComparer.OrdinalIgnoreCase);
            bool isSection = Array.Exists(Keys, k => k.StartsWith(child.Path + ":", StringComparison.OrdinalIgnoreCase))
                || IsPrefix(child.Path);
            bool hasValue = !string.IsNullOrEmpty(child.Value);
            bool hasChildren = child.GetChildren().Any();
            if (isKey && hasChildren)
            {
                _errors.Add($"{child.Path} is a list or a section: write one text, several values in it separated by commas.");
            }
            else if (isSection && hasValue)
            {
                _errors.Add($"{child.Path} has a value of its own: it takes keys below it, such as "
                    + $"{Keys.FirstOrDefault(k => k.StartsWith(child.Path + ":", StringComparison.OrdinalIgnoreCase)) ?? child.Path + ":NAME"}.");
            }
            else if (isSection && !IsPrefix(child.Path))
            {
                RefuseUnknownKeys(child);
            }
            else if (!isKey && !isSection)
            {
                _errors.Add($"{child.Path} is not a key of the relay. Its keys are {string.Join(", ", Keys)}, {UsersPrefix}NAME, {RoutesPrefix}DOMAIN, and those below Relay:Delivery and Relay:Dkim.");
            }
        }
    }

    private static bool IsPrefix(string path) => Array.Exists(Prefixes, p => p.Equals(path + ":", StringComparison.OrdinalIgnoreCase));

    private string HostName()
    {
        string? name = _keys.Text("Relay:HostName");
        if (name is null)
        {
            string machine = Dns.GetHostName();
            return PathSyntax.IsHelloName(Encoding.UTF8.GetBytes(machine)) ? machine : "localhost";
        }

        if (!PathSyntax.IsHelloName(Encoding.UTF8.GetBytes(name)))
        {
            _keys.Wrong("Relay:HostName", "a domain name or an address literal, such as mail.example.com or [192.0.2.1]");
        }

        return name;
    }

    private List<IPEndPoint> Listeners(string key, string byDefault)
    {
        var endPoints = new List<IPEndPoint>();
        foreach (string text in (_configuration[key] ?? byDefault).Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (!HostAndPort.TryParseListener(text, out IPEndPoint endPoint))
            {
                _keys.Wrong(key, ListenerForm);
                return [];
            }

            endPoints.Add(endPoint);
        }

        if (endPoints.Count == 0 && key == "Relay:Capture:Listen")
        {
            _keys.Wrong(key, "one host:port");
        }

        return endPoints;
    }

    private RouteSettings? NextHop(out bool deliversToExchangers)
    {
        deliversToExchangers = false;
        string? text = _keys.Text("Relay:NextHop");
        string? tls = _keys.Text("Relay:NextHopTls");
        string? user = _keys.Text("Relay:NextHopUser");
        string? password = _keys.Text("Relay:NextHopPassword");
        string? caPath = _keys.Text("Relay:NextHopCaPath");
        deliversToExchangers = text?.Equals("mx", StringComparison.OrdinalIgnoreCase) == true;
        if (text is null || deliversToExchangers)
        {
            // Their values are said to be for a next hop that is not there; most likely its key is missing.
            foreach (string key in Keys.Where(k => k.StartsWith("Relay:NextHop", StringComparison.Ordinal) && k != "Relay:NextHop" && _configuration[k] is not null))
            {
                _errors.Add($"{key} is set, and Relay:NextHop is not a host.");
            }

            return null;
        }

        if (!HostAndPort.TryParse(text, out string host, out int port) || port == 0)
        {
            _keys.Wrong("Relay:NextHop", "host:port, such as smtp.example.com:587 or [2001:db8::1]:25, or mx for the recipients' mail exchangers");
            return null;
        }

        bool isLoopback = HostAndPort.IsLoopback(host);
        SmtpTlsMode mode = isLoopback ? SmtpTlsMode.None : SmtpTlsMode.StartTlsRequired;
        switch (tls?.ToUpperInvariant())
        {
            case null:
                break;
            case "NONE":
                mode = SmtpTlsMode.None;
                break;
            case "IFOFFERED":
                mode = SmtpTlsMode.StartTlsIfOffered;
                break;
            case "STARTTLS":
                mode = SmtpTlsMode.StartTlsRequired;
                break;
            case "IMPLICIT":
                mode = SmtpTlsMode.Implicit;
                break;
            default:
                _keys.Wrong("Relay:NextHopTls", "None, IfOffered, StartTls or Implicit");
                break;
        }

        if (caPath is not null && !File.Exists(caPath))
        {
            _keys.Wrong("Relay:NextHopCaPath", "the path of a PEM file, and there is none");
        }

        return new RouteSettings(host, port, mode, Credentials(user, password, isLoopback, mode), caPath);
    }

    private SmtpCredentials? Credentials(string? user, string? password, bool isLoopback, SmtpTlsMode mode)
    {
        if (user is null != password is null)
        {
            _errors.Add($"{(user is null ? "Relay:NextHopPassword" : "Relay:NextHopUser")} is set, so that "
                + $"{(user is null ? "Relay:NextHopUser" : "Relay:NextHopPassword")} must be set too.");
        }

        if (user is null || password is null)
        {
            return null;
        }

        if (!isLoopback && mode is SmtpTlsMode.None or SmtpTlsMode.StartTlsIfOffered)
        {
            _errors.Add("Relay:NextHopPassword would go over the network in the clear: Relay:NextHopTls must be StartTls or Implicit, unless the next hop is on this machine.");
        }

        try
        {
            return new SmtpCredentials(user, password);
        }
        catch (ArgumentException)
        {
            // The exception's text may hold what it is about.
            _errors.Add("Relay:NextHopUser and Relay:NextHopPassword must be text without NUL characters.");
            return null;
        }
    }

    private Dictionary<string, RouteSettings> Routes()
    {
        var routes = new Dictionary<string, RouteSettings>();
        foreach (IConfigurationSection route in _configuration.GetSection("Relay:Routes").GetChildren())
        {
            if (!HostAndPort.TryParse(route.Value, out string host, out int port) || port == 0)
            {
                _keys.Wrong(route.Path, "host:port, such as mail.example.com:25");
                continue;
            }

            if (!DeliverySettingsReader.IsDomain(route.Key))
            {
                _errors.Add($"{route.Path} names \"{KeyReader.Printable(route.Key)}\"; allowed is a domain, such as Relay:Routes:example.com.");
                continue;
            }

            SmtpTlsMode mode = HostAndPort.IsLoopback(host) ? SmtpTlsMode.None : SmtpTlsMode.StartTlsIfOffered;
            routes[DestinationName.OfDomain(route.Key)] = new RouteSettings(host, port, mode);
        }

        return routes;
    }

    private RetrySchedule Retry()
    {
        var usual = new RetrySchedule();
        var retry = new RetrySchedule
        {
            First = _keys.Duration("Relay:Retry:First", usual.First, TimeSpan.FromMilliseconds(1), TimeSpan.FromDays(365)),
            Longest = _keys.Duration("Relay:Retry:Longest", usual.Longest, TimeSpan.FromMilliseconds(1), TimeSpan.FromDays(365)),
            MaximumAge = _keys.Duration("Relay:Retry:MaximumAge", usual.MaximumAge, TimeSpan.FromMilliseconds(1), TimeSpan.FromDays(365)),
        };
        if (retry.First > retry.Longest)
        {
            _errors.Add($"Relay:Retry:First is {retry.First}, which is above Relay:Retry:Longest, {retry.Longest}.");
        }

        return retry;
    }

    private List<KeyValuePair<string, string>> Users()
    {
        var users = new List<KeyValuePair<string, string>>();
        foreach (IConfigurationSection user in _configuration.GetSection("Relay:Users").GetChildren())
        {
            if (user.GetChildren().Any())
            {
                _errors.Add($"{user.Path} has keys below it: write {UsersPrefix}NAME=PASSWORD; a name cannot hold a colon.");
            }
            else if (string.IsNullOrEmpty(user.Value))
            {
                _errors.Add($"{user.Path} has no password: write {UsersPrefix}NAME=PASSWORD.");
            }
            else
            {
                users.Add(new KeyValuePair<string, string>(user.Key, user.Value));
            }
        }

        return users;
    }
}
