using System.Globalization;
using Microsoft.Extensions.Configuration;
using Relay.Spool;

namespace Relay.Delivery;

/// <summary>
/// Reads keys of configuration. What is wrong is told with the key, the value and what is allowed; keys that nobody read are wrong too, as a misspelt one
/// would silently leave the default in force.
/// </summary>
/// <param name="configuration">The configuration.</param>
/// <param name="errors">Gets a sentence for each thing that is wrong; then the default is returned.</param>
public sealed class KeyReader(IConfiguration configuration, ICollection<string> errors)
{
    private readonly HashSet<string> _read = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>A key's text; null if it is not set.</summary>
    public string? Text(string key)
    {
        _read.Add(key);
        string? value = configuration[key];
        if (value is not null && string.IsNullOrWhiteSpace(value))
        {
            errors.Add($"{key} is set, and empty: leave it out for its default.");
            return null;
        }

        return value;
    }

    /// <summary>A whole number.</summary>
    public int Number(string key, int byDefault, int least, int most)
    {
        if (Text(key) is not { } text)
        {
            return byDefault;
        }

        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= least && number <= most)
        {
            return number;
        }

        Wrong(key, string.Create(CultureInfo.InvariantCulture, $"a whole number, {least} to {most}"));
        return byDefault;
    }

    /// <summary>A number with a decimal point.</summary>
    public double Fraction(string key, double byDefault, double least, double most)
    {
        if (Text(key) is not { } text)
        {
            return byDefault;
        }

        if (double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double number) && number >= least && number <= most)
        {
            return number;
        }

        Wrong(key, string.Create(CultureInfo.InvariantCulture, $"a number, {least} to {most}, such as 0.5"));
        return byDefault;
    }

    /// <summary>A time such as <c>90s</c>, <c>5m</c>, <c>4h</c> or <c>00:01:30</c>.</summary>
    public TimeSpan Duration(string key, TimeSpan byDefault, TimeSpan least, TimeSpan most)
    {
        if (Text(key) is not { } text)
        {
            return byDefault;
        }

        if (DurationText.TryParse(text, out TimeSpan time) && time >= least && time <= most)
        {
            return time;
        }

        Wrong(key, $"a time of {Show(least)} to {Show(most)}, {DurationText.Form}");
        return byDefault;
    }

    /// <summary><c>true</c> or <c>false</c>.</summary>
    public bool Flag(string key, bool byDefault)
    {
        if (Text(key) is not { } text)
        {
            return byDefault;
        }

        if (bool.TryParse(text, out bool flag))
        {
            return flag;
        }

        Wrong(key, "true or false");
        return byDefault;
    }

    /// <summary>The sections below a key.</summary>
    public IEnumerable<IConfigurationSection> Children(string key) => configuration.GetSection(key).GetChildren();

    /// <summary>A value that is not allowed.</summary>
    public void Wrong(string key, string allowed) => errors.Add($"{key} is \"{Printable(configuration[key] ?? string.Empty)}\"; allowed is {allowed}.");

    /// <summary>Refuses keys under some sections that were not read.</summary>
    public void RefuseOthers(params ReadOnlySpan<string> sections)
    {
        foreach (string section in sections)
        {
            Refuse(configuration.GetSection(section));
        }
    }

    private void Refuse(IConfigurationSection section)
    {
        if (section.Value is not null && !_read.Contains(section.Path))
        {
            string parent = section.Path[..section.Path.LastIndexOf(':')];
            string[] known = [.. _read.Where(k => k.StartsWith(parent + ":", StringComparison.OrdinalIgnoreCase)).Order(StringComparer.Ordinal)];
            errors.Add($"{section.Path} is not a key of the relay." + (known.Length > 0 ? $" Near it are {string.Join(", ", known)}." : string.Empty));
        }

        foreach (IConfigurationSection child in section.GetChildren())
        {
            Refuse(child);
        }
    }

    private static string Show(TimeSpan time) =>
        time.TotalDays >= 1 ? $"{time.TotalDays:0}d" : time.TotalHours >= 1 ? $"{time.TotalHours:0}h" : time.TotalMinutes >= 1 ? $"{time.TotalMinutes:0}m"
        : time.TotalSeconds >= 1 ? $"{time.TotalSeconds:0}s" : $"{time.TotalMilliseconds:0}ms";

    /// <summary>A text of the configuration, fit to be shown: without control characters, and not longer than 80 characters.</summary>
    public static string Printable(string text) => string.Concat((text.Length > 80 ? text[..80] + "..." : text).Select(c => char.IsControl(c) ? '?' : c));
}
