namespace Smtp.Core;

/// <summary>What a server-side SASL mechanism answers to one client message.</summary>
public readonly struct SaslServerStep
{
    private SaslServerStep(SaslServerStepKind kind, ReadOnlyMemory<byte> challenge, SaslCredentials? credentials)
    {
        Kind = kind;
        Challenge = challenge;
        Credentials = credentials;
    }

    /// <summary>The message is none of the mechanism's.</summary>
    public static SaslServerStep Malformed => default;

    /// <summary>Which of the members below counts.</summary>
    public SaslServerStepKind Kind { get; }

    /// <summary>What to send, not yet in base64.</summary>
    public ReadOnlyMemory<byte> Challenge { get; }

    /// <summary>What to check.</summary>
    public SaslCredentials? Credentials { get; }

    /// <summary>Asks the client for more.</summary>
    public static SaslServerStep Continue(ReadOnlyMemory<byte> challenge) => new(SaslServerStepKind.Challenge, challenge, null);

    /// <summary>Hands over what the client claimed.</summary>
    public static SaslServerStep Verify(SaslCredentials credentials) => new(SaslServerStepKind.Verify, default, credentials);
}
