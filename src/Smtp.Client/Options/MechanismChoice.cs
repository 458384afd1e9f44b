using Smtp.Core;

namespace Smtp.Client;

/// <summary>What a SASL mechanism is chosen by.</summary>
/// <param name="Peer">What the server offers.</param>
/// <param name="Allowed">The mechanisms that the options allow; <see langword="null"/> for all.</param>
/// <param name="AllowRevealing">Whether the secret may be shown to whoever reads the connection.</param>
/// <param name="Binding">The TLS connection's channel binding.</param>
/// <param name="Token">The access token, for credentials that have one.</param>
/// <param name="Host">The server's host.</param>
/// <param name="Port">The server's port.</param>
internal sealed record MechanismChoice(
    PeerCapabilities Peer,
    IReadOnlyList<string>? Allowed,
    bool AllowRevealing,
    SaslChannelBinding? Binding,
    string? Token,
    string Host,
    int Port)
{
    internal bool IsOffered(string mechanism) => Peer.AuthenticationMechanisms.Contains(mechanism);

    internal bool IsPossible(string mechanism) =>
        IsOffered(mechanism) && (Allowed is null || Allowed.Contains(mechanism, StringComparer.OrdinalIgnoreCase));
}
