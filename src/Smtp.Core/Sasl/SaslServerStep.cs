namespace Smtp.Core;

/// <summary>What a server-side SASL mechanism answers to one client message.</summary>
internal readonly struct SaslServerStep
{
    private SaslServerStep(SaslServerStepKind kind, ReadOnlyMemory<byte> challenge = default, SaslCredentials? credentials = null, string? identity = null)
    {
        Kind = kind;
        Challenge = challenge;
        Credentials = credentials;
        Identity = identity;
    }

    /// <summary>The message is none of the mechanism's.</summary>
    public static SaslServerStep Malformed => default;

    /// <summary>Which of the members below counts.</summary>
    public SaslServerStepKind Kind { get; }

    /// <summary>What to send, not yet in base64.</summary>
    public ReadOnlyMemory<byte> Challenge { get; }

    /// <summary>What to check.</summary>
    public SaslCredentials? Credentials { get; }

    /// <summary>Who the client has proved to be.</summary>
    public string? Identity { get; }

    /// <summary>The proof is wrong.</summary>
    public static SaslServerStep Reject => new(SaslServerStepKind.Reject);

    /// <summary>Asks the client for more.</summary>
    public static SaslServerStep Continue(ReadOnlyMemory<byte> challenge) => new(SaslServerStepKind.Challenge, challenge);

    /// <summary>Hands over what the client claimed.</summary>
    public static SaslServerStep Verify(SaslCredentials credentials) => new(SaslServerStepKind.Verify, credentials: credentials);

    /// <summary>Asks for the SCRAM secret of who the client says it is.</summary>
    public static SaslServerStep LookUp(SaslCredentials credentials) => new(SaslServerStepKind.LookUp, credentials: credentials);

    /// <summary>The mechanism itself has verified the client.</summary>
    public static SaslServerStep Accept(string identity) => new(SaslServerStepKind.Accept, identity: identity);
}
