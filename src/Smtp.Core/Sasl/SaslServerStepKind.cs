namespace Smtp.Core;

/// <summary>The kinds of <see cref="SaslServerStep"/>.</summary>
internal enum SaslServerStepKind : byte
{
    /// <summary>The client's message breaks the mechanism's grammar.</summary>
    Malformed,

    /// <summary>A challenge is to be sent.</summary>
    Challenge,

    /// <summary>Credentials are to be checked.</summary>
    Verify,

    /// <summary>A SCRAM secret is to be found, <see cref="SaslServerMechanism.SupplySecret"/>.</summary>
    LookUp,

    /// <summary>The client is who it says.</summary>
    Accept,

    /// <summary>The client is not.</summary>
    Reject,
}
