namespace Relay.Http;

/// <summary>The lengths of time that are summed up. Stored as its number.</summary>
internal enum FigureGrain
{
    /// <summary>An hour of UTC.</summary>
    Hour = 0,

    /// <summary>A day of UTC, summed up from its hours when it is over.</summary>
    Day = 1,

    /// <summary>A minute, kept for two days, for the live charts.</summary>
    Minute = 2,
}
