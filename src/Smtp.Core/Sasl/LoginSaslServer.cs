using System.Text;
using System.Text.Unicode;

namespace Smtp.Core;

/// <summary>
/// LOGIN, never standardised but asked for by old clients (draft-murchison-sasl-login): a prompt for the name, one for the password.
/// An initial response is the name.
/// </summary>
internal sealed class LoginSaslServer : SaslServerMechanism
{
    private static readonly ReadOnlyMemory<byte> UserNamePrompt = "Username:"u8.ToArray();
    private static readonly ReadOnlyMemory<byte> PasswordPrompt = "Password:"u8.ToArray();

    private string? _userName;

    /// <inheritdoc/>
    public override string Name => "LOGIN";

    /// <inheritdoc/>
    public override ReadOnlyMemory<byte> FirstChallenge => UserNamePrompt;

    /// <inheritdoc/>
    public override SaslServerStep Evaluate(ReadOnlySpan<byte> response)
    {
        if (response.IsEmpty || response.Contains((byte)0) || !Utf8.IsValid(response))
        {
            return SaslServerStep.Malformed;
        }

        string text = Encoding.UTF8.GetString(response);
        if (_userName is null)
        {
            // The password is asked for whether or not the name is known: the answer must not tell.
            _userName = text;
            return SaslServerStep.Continue(PasswordPrompt);
        }

        return SaslServerStep.Verify(SaslCredentials.ForPassword(Name, string.Empty, _userName, text));
    }
}
