namespace Relay.Delivery;

/// <summary>Reasons as one word, as events, logs and rules say them.</summary>
internal static class BounceReasonWords
{
    /// <summary>The word.</summary>
    internal static string ToWord(this BounceReason reason) => reason switch
    {
        BounceReason.BadMailbox => "recipient",
        BounceReason.BadDomain => "domain",
        BounceReason.InactiveMailbox => "inactive",
        BounceReason.MailboxFull => "mailbox-full",
        BounceReason.TooLarge => "too-large",
        BounceReason.Content => "content",
        BounceReason.BlockList => "block-list",
        BounceReason.RateLimit => "rate-limit",
        BounceReason.Greylisting => "greylisting",
        BounceReason.SenderAuthentication => "authentication",
        BounceReason.Policy => "policy",
        BounceReason.BadSender => "sender",
        BounceReason.Tls => "tls",
        BounceReason.Protocol => "protocol",
        BounceReason.System => "system",
        BounceReason.Network => "network",
        BounceReason.Routing => "dns",
        BounceReason.Loop => "loop",
        BounceReason.Expired => "expired",
        BounceReason.Suppressed => "suppressed",
        BounceReason.Poison => "poison",
        _ => "other",
    };
}
