using System.Globalization;
using Microsoft.Extensions.Configuration;

namespace Smtp.Hosting;

/// <summary>
/// Reads a section of configuration by hand: no reflection, and each fault is a sentence that names the key, the value and what is allowed. A key that nobody asked for
/// is a fault too: it is mostly a misspelt one.
/// </summary>
internal sealed class SettingsReader(IConfigurationSection section, List<string> errors)
{
    private readonly HashSet<string> _known = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>The path of the section.</summary>
    internal string Path => section.Path;

    /// <summary>A text; null if it is not there.</summary>
    internal string? Text(string key)
    {
        _known.Add(key);
        return section[key];
    }

    /// <summary>A text, never shown in a fault.</summary>
    internal string? Secret(string key) => Text(key);

    /// <summary>A number, a time, true or false.</summary>
    /// <param name="key">The key.</param>
    /// <param name="fallback">The value if it is not there, or wrong.</param>
    /// <param name="check">Takes the value, and throws <see cref="ArgumentException"/> if it is out of range.</param>
    internal T Value<T>(string key, T fallback, Func<T, object>? check = null)
        where T : IParsable<T>
    {
        if (Text(key) is not { } text)
        {
            return fallback;
        }

        if (!T.TryParse(text, CultureInfo.InvariantCulture, out T? value))
        {
            Fault(key, text, $"must be {Form(typeof(T))}");
            return fallback;
        }

        try
        {
            check?.Invoke(value);
            return value;
        }
        catch (ArgumentException error)
        {
            Fault(key, text, Sentence(error));
            return fallback;
        }
    }

    /// <summary>A member of an enumeration; members joined by commas for one of flags.</summary>
    internal T Choice<T>(string key, T fallback)
        where T : struct, Enum
    {
        if (Text(key) is not { } text)
        {
            return fallback;
        }

        // Numbers are parsed too, and mean nothing to a reader.
        if (Enum.TryParse(text, ignoreCase: true, out T value) && !text.AsSpan().ContainsAnyInRange('0', '9'))
        {
            return value;
        }

        Fault(key, text, $"must be one of {string.Join(", ", Enum.GetNames<T>())}");
        return fallback;
    }

    /// <summary>A text in a form of its own.</summary>
    /// <param name="key">The key.</param>
    /// <param name="parse">Takes the text; throws <see cref="FormatException"/> or <see cref="ArgumentException"/>.</param>
    /// <param name="allowed">The form, behind "must be".</param>
    internal T? Parsed<T>(string key, Func<string, T> parse, string allowed)
        where T : class
    {
        if (Text(key) is not { } text)
        {
            return null;
        }

        try
        {
            return parse(text);
        }
        catch (Exception error) when (error is FormatException or ArgumentException)
        {
            Fault(key, text, $"must be {allowed}");
            return null;
        }
    }

    /// <summary>A section; null if it is not there. Ask its reader <see cref="DemandKnownKeys"/> when it is read.</summary>
    internal SettingsReader? Section(string key)
    {
        _known.Add(key);
        IConfigurationSection inner = section.GetSection(key);
        return inner.Exists() ? new SettingsReader(inner, errors) : null;
    }

    /// <summary>The members of a list of sections.</summary>
    internal IEnumerable<SettingsReader> Sections(string key)
    {
        _known.Add(key);
        foreach (IConfigurationSection inner in section.GetSection(key).GetChildren())
        {
            yield return new SettingsReader(inner, errors);
        }
    }

    /// <summary>The members of a list of texts; null if it is not there.</summary>
    internal IReadOnlyList<(string Key, string Text)>? Texts(string key)
    {
        _known.Add(key);
        var texts = new List<(string, string)>();
        foreach (IConfigurationSection inner in section.GetSection(key).GetChildren())
        {
            if (inner.Value is { } text)
            {
                texts.Add((key + ":" + inner.Key, text));
            }
            else
            {
                errors.Add($"{inner.Path} must be a text.");
            }
        }

        return texts.Count == 0 ? null : texts;
    }

    internal void Fault(string key, string value, string allowed) => errors.Add($"{section.Path}:{key} = \"{value}\": {allowed.TrimEnd('.')}.");

    internal void Missing(string key, string why) => errors.Add($"{section.Path}:{key} is missing: {why}.");

    /// <summary>Demands that no key is there but those that were asked for.</summary>
    internal void DemandKnownKeys()
    {
        foreach (IConfigurationSection inner in section.GetChildren())
        {
            if (!_known.Contains(inner.Key))
            {
                errors.Add($"{inner.Path} is no setting. Here are known: {string.Join(", ", _known.Order(StringComparer.Ordinal))}.");
            }
        }
    }

    /// <summary>An exception's message without what .NET puts behind it.</summary>
    private static string Sentence(ArgumentException error)
    {
        int end = error.Message.IndexOf(" (Parameter", StringComparison.Ordinal);
        return end < 0 ? error.Message : error.Message[..end];
    }

    private static string Form(Type type) => type switch
    {
        _ when type == typeof(bool) => "true or false",
        _ when type == typeof(TimeSpan) => "a time such as 00:00:30",
        _ => "a whole number",
    };
}
