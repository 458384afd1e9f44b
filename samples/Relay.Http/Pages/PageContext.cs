namespace Relay.Http;

/// <summary>What every page knows.</summary>
public sealed record PageContext
{
    internal PageContext(PageSession session, ApiKey key, bool hasInbox, string? notice)
    {
        FormToken = session.FormToken;
        KeyName = key.Name;
        CanManage = key.Has(KeyScopes.Manage);
        CanSend = key.Has(KeyScopes.Send);
        HasInbox = hasInbox;
        Notice = notice;
    }

    /// <summary>What each form must carry.</summary>
    public string FormToken { get; }

    /// <summary>The name of the key.</summary>
    public string KeyName { get; }

    /// <summary>Whether the key manages the service.</summary>
    public bool CanManage { get; }

    /// <summary>Whether the key sends.</summary>
    public bool CanSend { get; }

    /// <summary>Whether mail is captured in this process.</summary>
    public bool HasInbox { get; }

    /// <summary>What the last action did; null for nothing.</summary>
    public string? Notice { get; }
}
