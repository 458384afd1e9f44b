using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Configuration;
using Relay.Spool;
using Smtp.Core;

namespace Relay.Delivery;

/// <summary>Reads source addresses and pools: <c>Relay:Delivery:Sources</c>, <c>:Pools</c>, <c>:Pool</c> and <c>:PoolFor</c>.</summary>
internal static class PoolSettingsReader
{
    private const string Section = "Relay:Delivery:";

    /// <summary>Reads them.</summary>
    internal static PoolSettings Read(KeyReader keys, ICollection<string> errors)
    {
        var sources = new Dictionary<string, SourceSettings>(StringComparer.OrdinalIgnoreCase);
        foreach (IConfigurationSection section in keys.Children(Section + "Sources"))
        {
            if (Source(keys, section, errors) is { } source)
            {
                sources[section.Key] = source;
            }
        }

        bool isWhole = errors.Count == 0;
        var pools = new Dictionary<string, IReadOnlyList<SourceSettings>>(StringComparer.OrdinalIgnoreCase);
        foreach (IConfigurationSection section in keys.Children(Section + "Pools"))
        {
            string[] names = (keys.Text(section.Path) ?? string.Empty).Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
            if (names.Length == 0 || (isWhole && names.Any(n => !sources.ContainsKey(n))))
            {
                keys.Wrong(section.Path, $"names of {Section}Sources, separated by commas" + Known(sources.Keys));
            }
            else
            {
                pools[section.Key] = [.. names.Where(sources.ContainsKey).Select(n => sources[n])];
            }
        }

        return new PoolSettings
        {
            Pools = pools,
            Default = Pool(Section + "Pool"),
            ByTag = By("Tag"),
            BySenderDomain = By("SenderDomain"),
            ByStream = By("Stream"),
            ByPriority = ByPriority(),
        };

        string? Pool(string key)
        {
            if (keys.Text(key) is { } name && !pools.ContainsKey(name))
            {
                keys.Wrong(key, $"a name of {Section}Pools" + Known(pools.Keys));
                return null;
            }

            return keys.Text(key);
        }

        Dictionary<string, string> By(string what)
        {
            var by = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
            foreach (IConfigurationSection section in keys.Children($"{Section}PoolFor:{what}"))
            {
                if (Pool(section.Path) is { } pool)
                {
                    by[section.Key] = pool;
                }
            }

            return by;
        }

        Dictionary<MessagePriority, string> ByPriority()
        {
            var by = new Dictionary<MessagePriority, string>();
            foreach ((string name, string pool) in By("Priority"))
            {
                if (Enum.TryParse(name, ignoreCase: true, out MessagePriority priority) && !char.IsAsciiDigit(name[0]))
                {
                    by[priority] = pool;
                }
                else
                {
                    errors.Add($"{Section}PoolFor:Priority:{name} names no priority; allowed are {string.Join(", ", Enum.GetNames<MessagePriority>())}.");
                }
            }

            return by;
        }
    }

    private static SourceSettings? Source(KeyReader keys, IConfigurationSection section, ICollection<string> errors)
    {
        List<IPAddress>? addresses = Addresses(keys, section.Path + ":Address", errors);
        string? hostName = keys.Text(section.Path + ":HostName");
        if (hostName is not null && !SmtpPath.TryParse("a@" + hostName, out _))
        {
            keys.Wrong(section.Path + ":HostName", "a domain, which the address's PTR record should name, such as out1.example.com");
        }

        string cap = section.Path + ":MessagesPerDay";
        string from = section.Path + ":WarmUpFrom";
        DateOnly? start = null;
        if (keys.Text(from) is { } text)
        {
            if (DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out DateOnly day))
            {
                start = day;
            }
            else
            {
                keys.Wrong(from, "a day, such as 2026-12-01");
            }

            if (keys.Text(cap) is null)
            {
                errors.Add($"{from} is set, so that {cap} must be set too: the messages of the first day.");
            }
        }

        return addresses is null ? null : new SourceSettings(section.Key, addresses, hostName)
        {
            MessagesPerDay = keys.Text(cap) is null ? null : keys.Number(cap, 0, 1, 100_000_000),
            WarmUpFrom = start,
            Growth = keys.Fraction(section.Path + ":Growth", 2, 1, 10),
        };
    }

    private static List<IPAddress>? Addresses(KeyReader keys, string key, ICollection<string> errors)
    {
        const string Allowed = "an IP address of this machine, or an IPv4 and an IPv6 one with a comma between";
        if (keys.Text(key) is not { } text)
        {
            errors.Add($"{key} is not set; allowed is {Allowed}.");
            return null;
        }

        var addresses = new List<IPAddress>();
        foreach (string part in text.Split(',', StringSplitOptions.TrimEntries))
        {
            if (!IPAddress.TryParse(part, out IPAddress? address) || addresses.Exists(a => a.AddressFamily == address.AddressFamily) || !IsHere(address))
            {
                keys.Wrong(key, Allowed);
                return null;
            }

            addresses.Add(address);
        }

        return addresses;
    }

    /// <summary>That mail cannot leave from an address is told at the start, and not message by message.</summary>
    private static bool IsHere(IPAddress address)
    {
        try
        {
            using var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(new IPEndPoint(address, 0));
            return !address.Equals(IPAddress.Any) && !address.Equals(IPAddress.IPv6Any);
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static string Known(IEnumerable<string> names) => string.Join(", ", names) is { Length: > 0 } list ? $": {list}" : ", of which there is none";
}
