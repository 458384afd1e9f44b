namespace Relay.Delivery;

/// <summary>What a domain's policy demands (RFC 8461 §5).</summary>
internal enum MtaStsMode
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>Nothing yet: only reports are wanted.</summary>
    Testing,

    /// <summary>Mail goes to hosts that the policy names, with TLS and a valid certificate, or not at all.</summary>
    Enforce,
}
