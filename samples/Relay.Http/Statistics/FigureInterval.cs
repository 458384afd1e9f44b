namespace Relay.Http;

/// <summary>The steps of time of an answer.</summary>
internal enum FigureInterval
{
    /// <summary>None: the whole time is one.</summary>
    None,

    /// <summary>Minutes; only of the last two days, and only all together or by sender domain.</summary>
    Minute,

    /// <summary>Hours of UTC.</summary>
    Hour,

    /// <summary>Days of UTC.</summary>
    Day,
}
