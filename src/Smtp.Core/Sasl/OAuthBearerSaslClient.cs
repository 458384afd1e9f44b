using System.Buffers;
using System.Globalization;
using System.Text;

namespace Smtp.Core;

/// <summary>OAUTHBEARER (RFC 7628), the client's side: an OAuth 2.0 access token in one response.</summary>
/// <remarks>
/// A server that refuses the token says why in a challenge, a JSON object that <see cref="ServerError"/> has then, and waits for a %x01
/// before it says 535 (RFC 7628 §3.2.3).
/// </remarks>
public sealed class OAuthBearerSaslClient : SaslClientMechanism
{
    private readonly TokenSaslSteps _steps;

    /// <summary>Takes the token.</summary>
    /// <param name="userName">Whose mailbox it is; empty where the token says it all.</param>
    /// <param name="token">The access token, as <c>Authorization: Bearer</c> has it.</param>
    /// <param name="host">The server's name as the client knows it; empty to leave it out.</param>
    /// <param name="port">The server's port; 0 to leave it out.</param>
    /// <exception cref="ArgumentException">A value has a character that its place cannot have.</exception>
    public OAuthBearerSaslClient(string userName, string token, string host = "", int port = 0)
    {
        SaslText.Demand(userName, nameof(userName), allowEmpty: true);
        SaslText.DemandToken(token, nameof(token));
        SaslText.DemandVisible(userName, nameof(userName));
        ArgumentNullException.ThrowIfNull(host);
        SaslText.DemandVisible(host, nameof(host));
        ArgumentOutOfRangeException.ThrowIfNegative(port);

        // client-resp = gs2-header kvsep *( key "=" value kvsep ) kvsep, kvsep = %x01 (RFC 7628 §3.1)
        var message = new StringBuilder("n,");
        message.Append(userName.Length == 0 ? string.Empty : "a=" + Scram.EscapeName(userName)).Append(",\u0001");
        if (host.Length > 0)
        {
            message.Append("host=").Append(host).Append('\u0001');
        }

        if (port > 0)
        {
            message.Append(CultureInfo.InvariantCulture, $"port={port}\u0001");
        }

        _steps = new TokenSaslSteps(message.Append("auth=Bearer ").Append(token).Append("\u0001\u0001").ToString(), "\u0001");
    }

    /// <inheritdoc/>
    public override string Name => "OAUTHBEARER";

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
