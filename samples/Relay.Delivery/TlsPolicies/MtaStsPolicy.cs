using System.Globalization;

namespace Relay.Delivery;

/// <summary>A domain's policy (RFC 8461 §3.2).</summary>
/// <param name="Mode">What it demands.</param>
/// <param name="Hosts">The exchangers that it names, in lower case; <c>*.</c> in front stands for exactly one label.</param>
/// <param name="MaximumAge">How long it holds.</param>
internal sealed record MtaStsPolicy(MtaStsMode Mode, IReadOnlyList<string> Hosts, TimeSpan MaximumAge)
{
    // RFC 8461 §3.2: max_age is at most a year, in seconds.
    private const int LongestAge = 31_557_600;

    /// <summary>Reads a policy: lines of <c>key: value</c>. Keys that are not known are passed over.</summary>
    internal static bool TryParse(string text, out MtaStsPolicy policy)
    {
        policy = new MtaStsPolicy(MtaStsMode.None, [], TimeSpan.Zero);
        string? version = null;
        MtaStsMode? mode = null;
        int? age = null;
        var hosts = new List<string>();
        foreach (string line in text.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            int colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon < 0)
            {
                return false;
            }

            string value = line[(colon + 1)..].Trim();
            switch (line[..colon].TrimEnd())
            {
                case "version":
                    version ??= value;
                    break;
                case "mode":
                    mode ??= value switch
                    {
                        "enforce" => MtaStsMode.Enforce,
                        "testing" => MtaStsMode.Testing,
                        "none" => MtaStsMode.None,
                        _ => null,
                    };
                    break;
                case "max_age":
                    age ??= int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int seconds) ? Math.Min(seconds, LongestAge) : null;
                    break;
                case "mx":
                    hosts.Add(value.ToLowerInvariant());
                    break;
            }
        }

        if (version != "STSv1" || mode is null || age is null || (hosts.Count == 0 && mode != MtaStsMode.None))
        {
            return false;
        }

        policy = new MtaStsPolicy(mode.Value, hosts, TimeSpan.FromSeconds(age.Value));
        return true;
    }

    /// <summary>Whether the policy names a host (RFC 8461 §4.1).</summary>
    internal bool Names(string host) => Hosts.Any(pattern =>
        pattern.StartsWith("*.", StringComparison.Ordinal)
            ? host.IndexOf('.', StringComparison.Ordinal) is > 0 and int dot && host.AsSpan(dot).SequenceEqual(pattern.AsSpan(1))
            : pattern == host);
}
