namespace Relay.Delivery;

/// <summary>What a way demands of TLS.</summary>
internal enum TlsDemand
{
    /// <summary>TLS where it is offered, with whatever certificate (RFC 7435): an eavesdropper sees nothing, and mail still goes where there is none.</summary>
    Opportunistic,

    /// <summary>TLS with a valid certificate for the exchanger's name, or no mail.</summary>
    Verified,

    /// <summary>As the route's own setting says.</summary>
    Configured,
}
