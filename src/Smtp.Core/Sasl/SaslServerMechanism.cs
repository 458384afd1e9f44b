namespace Smtp.Core;

/// <summary>The server's side of one SASL exchange (RFC 4422) as pure steps: messages in, challenges or credentials out.</summary>
internal abstract class SaslServerMechanism
{
    /// <summary>The registered name.</summary>
    public abstract string Name { get; }

    /// <summary>What to send when the client gave no initial response: empty for mechanisms in which the client speaks first.</summary>
    public virtual ReadOnlyMemory<byte> FirstChallenge => default;

    /// <summary>What is sent in front of a refusal, for mechanisms that tell the client why in a challenge; empty for others.</summary>
    public virtual ReadOnlyMemory<byte> RefusalChallenge => default;

    /// <summary>Whether the engine has the mechanism.</summary>
    public static bool IsKnown(string name) => Canonical(name) is not null;

    /// <summary>Takes one message of the client, already out of base64.</summary>
    public abstract SaslServerStep Evaluate(ReadOnlySpan<byte> response);

    /// <summary>Takes the secret that <see cref="SaslServerStepKind.LookUp"/> asked for.</summary>
    /// <param name="secret">Null for an unknown user, which the client is not to notice yet.</param>
    public virtual SaslServerStep SupplySecret(ScramSecret? secret) => throw new InvalidOperationException($"{Name} asks for no secret.");

    /// <summary>Tells that the credentials were refused and <see cref="RefusalChallenge"/> was sent.</summary>
    public virtual void OnRefused()
    {
    }

    /// <summary>Whether who listens on the wire learns the secret.</summary>
    internal static bool SendsPlaintextSecret(string name) => Canonical(name) is "PLAIN" or "LOGIN" or "OAUTHBEARER" or "XOAUTH2";

    internal static SaslServerMechanism? Create(string name, bool plusIsOffered, SaslChannelBinding? binding) => Canonical(name) switch
    {
        "PLAIN" => new PlainSaslServer(),
        "LOGIN" => new LoginSaslServer(),
        "SCRAM-SHA-256" => new ScramSha256SaslServer(isPlus: false, plusIsOffered, binding),
        "SCRAM-SHA-256-PLUS" => new ScramSha256SaslServer(isPlus: true, plusIsOffered, binding),
        "OAUTHBEARER" => new OAuthBearerSaslServer(),
        "XOAUTH2" => new XOAuth2SaslServer(),
        "EXTERNAL" => new ExternalSaslServer(),
        _ => null,
    };

    internal static string? Canonical(string name) => name.ToUpperInvariant() switch
    {
        "PLAIN" => "PLAIN",
        "LOGIN" => "LOGIN",
        "SCRAM-SHA-256" => "SCRAM-SHA-256",
        "SCRAM-SHA-256-PLUS" => "SCRAM-SHA-256-PLUS",
        "OAUTHBEARER" => "OAUTHBEARER",
        "XOAUTH2" => "XOAUTH2",
        "EXTERNAL" => "EXTERNAL",
        _ => null,
    };
}
