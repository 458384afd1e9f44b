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

    /// <summary>Four days, the first of which is a multiple of four since 1970; summed up from its days when the last is over.</summary>
    FourDays = 3,

    /// <summary>Sixteen days likewise, of four times four: a month is a dozen rows or fewer, wherever it begins.</summary>
    SixteenDays = 4,
}
