using System.Text;
using System.Text.Unicode;

namespace Smtp.Core;

/// <summary>PLAIN: <c>message = [authzid] NUL authcid NUL passwd</c> (RFC 4616 §2).</summary>
internal sealed class PlainSaslServer : SaslServerMechanism
{
    /// <inheritdoc/>
    public override string Name => "PLAIN";

    /// <inheritdoc/>
    public override SaslServerStep Evaluate(ReadOnlySpan<byte> response)
    {
        int first = response.IndexOf((byte)0);
        if (first < 0 || !Utf8.IsValid(response))
        {
            return SaslServerStep.Malformed;
        }

        ReadOnlySpan<byte> rest = response[(first + 1)..];
        int second = rest.IndexOf((byte)0);

        // More than two NULs would leave it open where the password starts.
        if (second <= 0 || second == rest.Length - 1 || rest[(second + 1)..].Contains((byte)0))
        {
            return SaslServerStep.Malformed;
        }

        return SaslServerStep.Verify(SaslCredentials.ForPassword(
            Name,
            Encoding.UTF8.GetString(response[..first]),
            Encoding.UTF8.GetString(rest[..second]),
            Encoding.UTF8.GetString(rest[(second + 1)..])));
    }
}
