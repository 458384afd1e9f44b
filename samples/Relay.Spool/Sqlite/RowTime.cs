namespace Relay.Spool;

/// <summary>Times in rows, in milliseconds since 1970.</summary>
internal static class RowTime
{
    private static readonly long Least = DateTimeOffset.MinValue.ToUnixTimeMilliseconds();
    private static readonly long Most = DateTimeOffset.MaxValue.ToUnixTimeMilliseconds();

    /// <summary>Whether a number is a time.</summary>
    internal static bool IsTime(long milliseconds) => milliseconds >= Least && milliseconds <= Most;

    /// <summary>Reads a time; a number that is none becomes the nearest that is, so that a broken row can still be shown.</summary>
    internal static DateTimeOffset Read(long milliseconds) => DateTimeOffset.FromUnixTimeMilliseconds(Math.Clamp(milliseconds, Least, Most));
}
