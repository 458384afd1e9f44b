using System.Buffers;
using System.Text;

namespace Smtp.Core;

/// <summary>EXTERNAL (RFC 4422 appendix A), the client's side: the server knows the client already, mostly by its TLS certificate.</summary>
public sealed class ExternalSaslClient : SaslClientMechanism
{
    private readonly string _authorizationIdentity;
    private bool _sent;

    /// <summary>Takes whom to act for.</summary>
    /// <param name="authorizationIdentity">Whom to act for; empty, the default, for whom the server takes the client to be.</param>
    /// <exception cref="ArgumentException">It holds a NUL or a lone surrogate.</exception>
    public ExternalSaslClient(string authorizationIdentity = "")
    {
        SaslText.Demand(authorizationIdentity, nameof(authorizationIdentity), allowEmpty: true);
        _authorizationIdentity = authorizationIdentity;
    }

    /// <inheritdoc/>
    public override string Name => "EXTERNAL";

    /// <inheritdoc/>
    public override bool RevealsSecret => false;

    /// <inheritdoc/>
    public override bool IsClientFirst => true;

    /// <inheritdoc/>
    public override bool IsComplete => _sent;

    /// <inheritdoc/>
    public override void Start() => _sent = false;

    /// <inheritdoc/>
    public override SaslClientStep Respond(ReadOnlySpan<byte> challenge, IBufferWriter<byte> response)
    {
        if (_sent)
        {
            return SaslClientStep.Cancel;
        }

        Encoding.UTF8.GetBytes(_authorizationIdentity, response);
        _sent = true;
        return SaslClientStep.Respond;
    }
}
