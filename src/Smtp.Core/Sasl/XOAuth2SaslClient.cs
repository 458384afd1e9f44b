using System.Buffers;

namespace Smtp.Core;

/// <summary>
/// XOAUTH2, the client's side, which Google and Microsoft have: <c>"user=" user %x01 "auth=Bearer " token %x01 %x01</c>. Where a server
/// offers OAUTHBEARER too, that one is the standard.
/// </summary>
/// <remarks>A server that refuses the token says why in a challenge and waits for an empty response before it says 535.</remarks>
public sealed class XOAuth2SaslClient : SaslClientMechanism
{
    private readonly TokenSaslSteps _steps;

    /// <summary>Takes user and token.</summary>
    /// <param name="userName">Whose mailbox it is, not empty.</param>
    /// <param name="token">The access token.</param>
    /// <exception cref="ArgumentException">A value has a character that its place cannot have, or is empty.</exception>
    public XOAuth2SaslClient(string userName, string token)
    {
        SaslText.Demand(userName, nameof(userName), allowEmpty: false);
        SaslText.DemandVisible(userName, nameof(userName));
        SaslText.DemandToken(token, nameof(token));
        _steps = new TokenSaslSteps($"user={userName}\u0001auth=Bearer {token}\u0001\u0001", string.Empty);
    }

    /// <inheritdoc/>
    public override string Name => "XOAUTH2";

    /// <inheritdoc/>
    public override bool RevealsSecret => true;

    /// <inheritdoc/>
    public override bool IsClientFirst => true;

    /// <inheritdoc/>
    public override bool IsComplete => _steps.IsComplete;

    /// <summary>What the server said is wrong with the token, as JSON; <see langword="null"/> if nothing.</summary>
    public string? ServerError => _steps.ServerError;

    /// <inheritdoc/>
    public override void Start() => _steps.Start();

    /// <inheritdoc/>
    public override SaslClientStep Respond(ReadOnlySpan<byte> challenge, IBufferWriter<byte> response) => _steps.Respond(challenge, response);
}
