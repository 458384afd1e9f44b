using System.Buffers;

namespace Smtp.Core;

/// <summary>
/// The client's side of a SASL mechanism (RFC 4422) as pure steps: octets in, octets out, base64 and the wire being the session's
/// business. An instance runs one exchange at a time; <see cref="Start"/> begins a new one.
/// </summary>
public abstract class SaslClientMechanism
{
    /// <summary>The mechanism's registered name as it stands behind AUTH, in upper case.</summary>
    public abstract string Name { get; }

    /// <summary>
    /// Whether the exchange shows the secret, or something that can be used in its place, to whoever reads the connection: such a
    /// mechanism is for TLS only.
    /// </summary>
    public abstract bool RevealsSecret { get; }

    /// <summary>
    /// Whether the client speaks first, so that its first response can go with AUTH (RFC 4954 §4) or follow an empty challenge.
    /// </summary>
    public abstract bool IsClientFirst { get; }

    /// <summary>
    /// Whether a 235 may be believed now. A mechanism that authenticates the server too says no until it has verified it.
    /// </summary>
    public abstract bool IsComplete { get; }

    /// <summary>Begins a new exchange.</summary>
    public abstract void Start();

    /// <summary>Answers a challenge.</summary>
    /// <param name="challenge">The decoded challenge; empty for the first response of a mechanism that is client-first.</param>
    /// <param name="response">Where the response goes, not yet encoded; nothing written is an empty response.</param>
    public abstract SaslClientStep Respond(ReadOnlySpan<byte> challenge, IBufferWriter<byte> response);
}
