using System.Globalization;

namespace Relay.Spool;

/// <summary>How times are written in settings and commands.</summary>
public static class DurationText
{
    /// <summary>What is allowed, for errors.</summary>
    public const string Form = "with the unit ms, s, m, h or d, such as 90s or 4h, or as hours:minutes:seconds or days.hours:minutes:seconds";

    /// <summary>
    /// Reads a whole number with its unit (<c>250ms</c>, <c>90s</c>, <c>5m</c>, <c>4h</c>, <c>5d</c>), or <c>hours:minutes:seconds</c>, with <c>days.</c> before it
    /// if there are any. A number alone is none, as nobody could tell its unit; nor is a negative time.
    /// </summary>
    /// <param name="text">The text; spaces around it are passed over.</param>
    /// <param name="time">The time.</param>
    /// <returns>Whether it is one.</returns>
    public static bool TryParse(string? text, out TimeSpan time)
    {
        time = TimeSpan.Zero;
        ReadOnlySpan<char> span = text.AsSpan().Trim();
        if (span.Contains(':'))
        {
            return TimeSpan.TryParse(span, CultureInfo.InvariantCulture, out time) && time >= TimeSpan.Zero;
        }

        int digits = span.IndexOfAnyExceptInRange('0', '9');
        if (digits <= 0 || !long.TryParse(span[..digits], NumberStyles.None, CultureInfo.InvariantCulture, out long number))
        {
            return false;
        }

        long unit = span[digits..] switch
        {
            "ms" => TimeSpan.TicksPerMillisecond,
            "s" => TimeSpan.TicksPerSecond,
            "m" => TimeSpan.TicksPerMinute,
            "h" => TimeSpan.TicksPerHour,
            "d" => TimeSpan.TicksPerDay,
            _ => 0,
        };
        if (unit == 0 || number > TimeSpan.MaxValue.Ticks / unit)
        {
            return false;
        }

        time = new TimeSpan(number * unit);
        return true;
    }
}
