namespace Relay.Delivery;

/// <summary>How a site does.</summary>
internal enum SiteState
{
    /// <summary>Mail is sent.</summary>
    Open,

    /// <summary>It cannot be reached, or asked for a rest: nothing is sent until a time.</summary>
    Resting,

    /// <summary>The rest is over, and one message tries whether the site works again.</summary>
    Probing,
}
