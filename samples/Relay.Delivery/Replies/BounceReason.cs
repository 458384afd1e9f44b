namespace Relay.Delivery;

/// <summary>Why a recipient did not get a message: what the sender's statistics and the relay's reaction go by.</summary>
public enum BounceReason
{
    /// <summary>Nothing that is known.</summary>
    Other,

    /// <summary>There is no such mailbox.</summary>
    BadMailbox,

    /// <summary>There is no such domain, or it takes no mail.</summary>
    BadDomain,

    /// <summary>The mailbox is closed or disabled.</summary>
    InactiveMailbox,

    /// <summary>The mailbox is full.</summary>
    MailboxFull,

    /// <summary>The message is too large.</summary>
    TooLarge,

    /// <summary>The content was taken for spam, a virus or an unwanted attachment.</summary>
    Content,

    /// <summary>The sending address or domain is on a list or has a bad name.</summary>
    BlockList,

    /// <summary>Too much mail at a time.</summary>
    RateLimit,

    /// <summary>The first attempt of a stranger is put off; a later one is taken.</summary>
    Greylisting,

    /// <summary>SPF, DKIM, DMARC or reverse DNS did not satisfy the receiver.</summary>
    SenderAuthentication,

    /// <summary>A rule of the receiver's, whatever it is; relaying denied too.</summary>
    Policy,

    /// <summary>The sender's address was refused.</summary>
    BadSender,

    /// <summary>TLS is demanded and was not to be had.</summary>
    Tls,

    /// <summary>The receiver lacks what the message needs, or broke the protocol.</summary>
    Protocol,

    /// <summary>The receiver has a problem of its own.</summary>
    System,

    /// <summary>The receiver could not be reached, or the connection broke.</summary>
    Network,

    /// <summary>The name servers could not say where the mail goes.</summary>
    Routing,

    /// <summary>The message goes round in a circle.</summary>
    Loop,

    /// <summary>The time for trying is over.</summary>
    Expired,

    /// <summary>The address is on the suppression list.</summary>
    Suppressed,

    /// <summary>The relay itself failed on it, again and again.</summary>
    Poison,
}
