namespace Smtp.Core;

/// <summary>The server's side of one SASL exchange (RFC 4422) as pure steps: messages in, challenges or credentials out.</summary>
public abstract class SaslServerMechanism
{
    /// <summary>The registered name.</summary>
    public abstract string Name { get; }

    /// <summary>What to send when the client gave no initial response: empty for mechanisms in which the client speaks first.</summary>
    public virtual ReadOnlyMemory<byte> FirstChallenge => default;

    /// <summary>Takes one message of the client, already out of base64.</summary>
    public abstract SaslServerStep Evaluate(ReadOnlySpan<byte> response);

    /// <summary>Whether the engine has the mechanism.</summary>
    public static bool IsKnown(string name) => Create(name) is not null;

    /// <summary>Whether who listens on the wire learns the secret.</summary>
    internal static bool SendsPlaintextSecret(string name) =>
        name.Equals("PLAIN", StringComparison.OrdinalIgnoreCase) || name.Equals("LOGIN", StringComparison.OrdinalIgnoreCase);

    internal static SaslServerMechanism? Create(string name) => name.ToUpperInvariant() switch
    {
        "PLAIN" => new PlainSaslServer(),
        "LOGIN" => new LoginSaslServer(),
        _ => null,
    };
}
