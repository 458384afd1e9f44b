using System.Buffers;
using System.Text;

namespace Smtp.Core;

/// <summary>
/// LOGIN (draft-murchison-sasl-login): the server asks for the user name, then for the password. Superseded by PLAIN; some servers
/// offer nothing else.
/// </summary>
/// <remarks>The prompts' words are the server's own; what counts is their order.</remarks>
public sealed class LoginSaslClient : SaslClientMechanism
{
    private readonly string _userName;
    private readonly string _password;
    private int _answered;

    /// <summary>Takes the credentials.</summary>
    /// <param name="userName">Who authenticates, not empty.</param>
    /// <param name="password">Their password, not empty.</param>
    /// <exception cref="ArgumentException">One holds a NUL or a lone surrogate, or is empty.</exception>
    public LoginSaslClient(string userName, string password)
    {
        SaslText.Demand(userName, nameof(userName), allowEmpty: false);
        SaslText.Demand(password, nameof(password), allowEmpty: false);
        _userName = userName;
        _password = password;
    }

    /// <inheritdoc/>
    public override string Name => "LOGIN";

    /// <inheritdoc/>
    public override bool RevealsSecret => true;

    /// <inheritdoc/>
    public override bool IsClientFirst => false;

    /// <inheritdoc/>
    public override bool IsComplete => _answered == 2;

    /// <inheritdoc/>
    public override void Start() => _answered = 0;

    /// <inheritdoc/>
    public override SaslClientStep Respond(ReadOnlySpan<byte> challenge, IBufferWriter<byte> response)
    {
        if (_answered == 2)
        {
            return SaslClientStep.Cancel;
        }

        Encoding.UTF8.GetBytes(_answered == 0 ? _userName : _password, response);
        _answered++;
        return SaslClientStep.Respond;
    }
}
