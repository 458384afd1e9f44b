namespace Smtp.Core;

/// <summary>The kinds of <see cref="SaslServerStep"/>.</summary>
public enum SaslServerStepKind : byte
{
    /// <summary>The client's message breaks the mechanism's grammar.</summary>
    Malformed,

    /// <summary>A challenge is to be sent.</summary>
    Challenge,

    /// <summary>Credentials are to be checked.</summary>
    Verify,
}
