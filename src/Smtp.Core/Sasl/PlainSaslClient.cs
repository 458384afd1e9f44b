using System.Buffers;
using System.Text;

namespace Smtp.Core;

/// <summary>PLAIN (RFC 4616): <c>message = [authzid] UTF8NUL authcid UTF8NUL passwd</c>, in one response.</summary>
public sealed class PlainSaslClient : SaslClientMechanism
{
    private readonly string _message;
    private bool _sent;

    /// <summary>Takes the credentials.</summary>
    /// <param name="userName">Who authenticates, not empty.</param>
    /// <param name="password">Their password, not empty.</param>
    /// <param name="authorizationIdentity">Whom to act for; empty for the same.</param>
    /// <exception cref="ArgumentException">One holds a NUL or a lone surrogate, or a needed one is empty.</exception>
    public PlainSaslClient(string userName, string password, string authorizationIdentity = "")
    {
        SaslText.Demand(userName, nameof(userName), allowEmpty: false);
        SaslText.Demand(password, nameof(password), allowEmpty: false);
        SaslText.Demand(authorizationIdentity, nameof(authorizationIdentity), allowEmpty: true);
        _message = $"{authorizationIdentity}\0{userName}\0{password}";
    }

    /// <inheritdoc/>
    public override string Name => "PLAIN";

    /// <inheritdoc/>
    public override bool RevealsSecret => true;

    /// <inheritdoc/>
    public override bool IsClientFirst => true;

    /// <inheritdoc/>
    public override bool IsComplete => _sent;

    /// <inheritdoc/>
    public override void Start() => _sent = false;

    /// <inheritdoc/>
    public override SaslClientStep Respond(ReadOnlySpan<byte> challenge, IBufferWriter<byte> response)
    {
        // PLAIN has no second step.
        if (_sent)
        {
            return SaslClientStep.Cancel;
        }

        Encoding.UTF8.GetBytes(_message, response);
        _sent = true;
        return SaslClientStep.Respond;
    }
}
