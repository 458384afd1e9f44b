using System.Text;
using System.Text.Unicode;

namespace Smtp.Core;

/// <summary>OAUTHBEARER (RFC 7628), the server's side.</summary>
/// <remarks>A refused token is answered with a JSON challenge, to which the client says %x01, and only then comes the 535 (RFC 7628 §3.2.3).</remarks>
internal sealed class OAuthBearerSaslServer : SaslServerMechanism
{
    private bool _isRefused;

    /// <inheritdoc/>
    public override string Name => "OAUTHBEARER";

    /// <inheritdoc/>
    public override ReadOnlyMemory<byte> RefusalChallenge { get; } = "{\"status\":\"invalid_token\"}"u8.ToArray();

    /// <summary><c>client-resp = gs2-header kvsep *( key "=" value kvsep ) kvsep</c>, <c>kvsep = %x01</c> (RFC 7628 §3.1)</summary>
    public override SaslServerStep Evaluate(ReadOnlySpan<byte> response)
    {
        if (_isRefused)
        {
            // Whatever the client says now, the exchange is over.
            return SaslServerStep.Reject;
        }

        if (!Utf8.IsValid(response))
        {
            return SaslServerStep.Malformed;
        }

        string[] parts = Encoding.UTF8.GetString(response).Split('\x01');
        string[] header = parts[0].Split(',');
        if (parts.Length < 4 || parts[^1].Length > 0 || parts[^2].Length > 0 || header.Length != 3 || header[0] is not ("n" or "y") || header[2].Length > 0)
        {
            return SaslServerStep.Malformed;
        }

        string authorizationIdentity = string.Empty;
        if (header[1].Length > 0 && !(Scram.TryTakeAttribute(header[1], 'a', out string escaped) && Scram.TryUnescapeName(escaped, out authorizationIdentity)))
        {
            return SaslServerStep.Malformed;
        }

        string? token = null;
        foreach (string pair in parts.AsSpan(1, parts.Length - 3))
        {
            if (pair.StartsWith("auth=", StringComparison.OrdinalIgnoreCase))
            {
                if (token is not null || !TryTakeBearer(pair["auth=".Length..], out token))
                {
                    return SaslServerStep.Malformed;
                }
            }
        }

        return token is null ? SaslServerStep.Malformed : SaslServerStep.Verify(SaslCredentials.ForToken(Name, authorizationIdentity, string.Empty, token));
    }

    /// <inheritdoc/>
    public override void OnRefused() => _isRefused = true;

    /// <summary><c>"Bearer" SP b64token</c> (RFC 6750 §2.1)</summary>
    internal static bool TryTakeBearer(string value, out string token)
    {
        token = string.Empty;
        if (!value.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase))
        {
            return false;
        }

        token = value["Bearer ".Length..].Trim(' ');
        return token.Length > 0 && !token.AsSpan().ContainsAnyExceptInRange('!', '~');
    }
}
