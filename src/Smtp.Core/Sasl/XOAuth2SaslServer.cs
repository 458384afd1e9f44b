using System.Text;
using System.Text.Unicode;

namespace Smtp.Core;

/// <summary>XOAUTH2, what Google and Microsoft used before OAUTHBEARER: <c>"user=" user %x01 "auth=Bearer " token %x01 %x01</c>.</summary>
internal sealed class XOAuth2SaslServer : SaslServerMechanism
{
    private bool _isRefused;

    /// <inheritdoc/>
    public override string Name => "XOAUTH2";

    /// <inheritdoc/>
    public override ReadOnlyMemory<byte> RefusalChallenge { get; } = "{\"status\":\"401\",\"schemes\":\"bearer\"}"u8.ToArray();

    /// <inheritdoc/>
    public override SaslServerStep Evaluate(ReadOnlySpan<byte> response)
    {
        if (_isRefused)
        {
            return SaslServerStep.Reject;
        }

        if (!Utf8.IsValid(response))
        {
            return SaslServerStep.Malformed;
        }

        string[] parts = Encoding.UTF8.GetString(response).Split('\x01');
        if (parts.Length != 4
            || parts[2].Length > 0
            || parts[3].Length > 0
            || !parts[0].StartsWith("user=", StringComparison.OrdinalIgnoreCase)
            || parts[0].Length == "user=".Length
            || !parts[1].StartsWith("auth=", StringComparison.OrdinalIgnoreCase)
            || !OAuthBearerSaslServer.TryTakeBearer(parts[1]["auth=".Length..], out string token))
        {
            return SaslServerStep.Malformed;
        }

        return SaslServerStep.Verify(SaslCredentials.ForToken(Name, string.Empty, parts[0]["user=".Length..], token));
    }

    /// <inheritdoc/>
    public override void OnRefused() => _isRefused = true;
}
