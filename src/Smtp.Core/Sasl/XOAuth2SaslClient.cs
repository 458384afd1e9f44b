using System.Buffers;
using System.Text;

namespace Smtp.Core;

/// <summary>
/// XOAUTH2, the client's side, which Google and Microsoft have: <c>"user=" user %x01 "auth=Bearer " token %x01 %x01</c>. Where a server
/// offers OAUTHBEARER too, that one is the standard.
/// </summary>
/// <remarks>A server that refuses the token says why in a challenge and waits for an empty response before it says 535.</remarks>
public sealed class XOAuth2SaslClient : SaslClientMechanism
{
    private readonly string _message;
    private bool _sent;

    /// <summary>Takes user and token.</summary>
    /// <param name="userName">Whose mailbox it is, not empty.</param>
    /// <param name="token">The access token.</param>
    /// <exception cref="ArgumentException">A value has a character that its place cannot have, or is empty.</exception>
    public XOAuth2SaslClient(string userName, string token)
    {
        SaslText.Demand(userName, nameof(userName), allowEmpty: false);
        SaslText.DemandVisible(userName, nameof(userName));
        SaslText.DemandToken(token, nameof(token));
        _message = $"user={userName}\u0001auth=Bearer {token}\u0001\u0001";
    }

    /// <inheritdoc/>
    public override string Name => "XOAUTH2";

    /// <inheritdoc/>
    public override bool RevealsSecret => true;

    /// <inheritdoc/>
    public override bool IsClientFirst => true;

    /// <inheritdoc/>
    public override bool IsComplete => _sent && ServerError is null;

    /// <summary>What the server said is wrong with the token, as JSON; <see langword="null"/> if nothing.</summary>
    public string? ServerError { get; private set; }

    /// <inheritdoc/>
    public override void Start()
    {
        _sent = false;
        ServerError = null;
    }

    /// <inheritdoc/>
    public override SaslClientStep Respond(ReadOnlySpan<byte> challenge, IBufferWriter<byte> response)
    {
        if (!_sent)
        {
            Encoding.UTF8.GetBytes(_message, response);
            _sent = true;
            return SaslClientStep.Respond;
        }

        if (ServerError is not null)
        {
            return SaslClientStep.Cancel;
        }

        ServerError = Encoding.UTF8.GetString(challenge);
        return SaslClientStep.Respond;
    }
}
