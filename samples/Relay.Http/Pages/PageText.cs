using System.Globalization;

namespace Relay.Http;

/// <summary>How pages write what is no text.</summary>
internal static class PageText
{
    /// <summary>A time span in one unit that fits it, as the overview's script writes it.</summary>
    /// <param name="milliseconds">The time span; null if none is known.</param>
    internal static string Duration(long? milliseconds) => milliseconds switch
    {
        null => "\u2013",
        < 1_000 => string.Create(CultureInfo.InvariantCulture, $"{milliseconds} ms"),
        < 120_000 => string.Create(CultureInfo.InvariantCulture, $"{milliseconds / 1_000.0:0.0} s"),
        < 7_200_000 => string.Create(CultureInfo.InvariantCulture, $"{milliseconds / 60_000.0:0.0} min"),
        < 172_800_000 => string.Create(CultureInfo.InvariantCulture, $"{milliseconds / 3_600_000.0:0.0} h"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{milliseconds / 86_400_000.0:0.0} d"),
    };
}
