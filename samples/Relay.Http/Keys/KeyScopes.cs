namespace Relay.Http;

/// <summary>What a key may do.</summary>
[Flags]
public enum KeyScopes
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Submit mail, by REST and by SMTP.</summary>
    Send = 1,

    /// <summary>Look at messages, events and figures.</summary>
    Read = 2,

    /// <summary>Change what concerns more than a message: keys, webhooks, templates, suppressions, the queue. Has Read and Send in it.</summary>
    Manage = 4,
}
