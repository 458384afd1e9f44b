using System.Text;
using System.Text.Unicode;

namespace Smtp.Core;

/// <summary>EXTERNAL (RFC 4422 appendix A): the client's TLS certificate says who it is; the message is an authorization identity, or empty.</summary>
internal sealed class ExternalSaslServer : SaslServerMechanism
{
    /// <inheritdoc/>
    public override string Name => "EXTERNAL";

    /// <inheritdoc/>
    public override SaslServerStep Evaluate(ReadOnlySpan<byte> response) =>
        response.Contains((byte)0) || !Utf8.IsValid(response)
            ? SaslServerStep.Malformed
            : SaslServerStep.Verify(new SaslCredentials(Name, Encoding.UTF8.GetString(response), string.Empty));
}
