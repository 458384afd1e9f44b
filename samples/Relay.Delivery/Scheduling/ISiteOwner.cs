namespace Relay.Delivery;

/// <summary>What a site needs of the service.</summary>
internal interface ISiteOwner
{
    /// <summary>The clock.</summary>
    TimeProvider Time { get; }

    /// <summary>Chance, for jitter. Thread-safe.</summary>
    Random Random { get; }

    /// <summary>Whether nothing new is begun.</summary>
    bool IsStopping { get; }

    /// <summary>Breaks off what is being sent.</summary>
    CancellationToken Aborting { get; }

    /// <summary>Takes one of the connections that all sites share. False if this site is to wait.</summary>
    bool TryTakeConnection(int ownedBySite);

    /// <summary>Gives it back.</summary>
    void ReturnConnection();

    /// <summary>Opens a connection.</summary>
    Task<Opening> OpenAsync(MailPath path);

    /// <summary>Sends a job.</summary>
    Task<Fate[]> SendAsync(SiteConnection connection, Job job);

    /// <summary>Lets the rules have their say about what failed.</summary>
    void Judge(Site site, Job job, Fate[] fates);

    /// <summary>Ends a job; its end is stored in the background.</summary>
    void End(Job job, Fate[] fates);

    /// <summary>There is room again where there was none.</summary>
    void OnRoom();

    /// <summary>For the log.</summary>
    void OnSiteChanged(string site, SiteBackoff backoff);
}
