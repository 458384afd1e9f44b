using System.Buffers;
using System.Text;

namespace Smtp.Core;

/// <summary>
/// The steps that OAUTHBEARER and XOAUTH2 share: the token in one response; and where the server refuses it and says why in a challenge, an
/// acknowledgement, behind which it says 535.
/// </summary>
/// <param name="message">The response that has the token.</param>
/// <param name="acknowledgement">What answers the challenge.</param>
internal sealed class TokenSaslSteps(string message, string acknowledgement)
{
    private bool _sent;

    /// <summary>Whether the token was sent and nothing was said against it.</summary>
    internal bool IsComplete => _sent && ServerError is null;

    /// <summary>What the server said is wrong with the token; <see langword="null"/> if nothing.</summary>
    internal string? ServerError { get; private set; }

    internal void Start()
    {
        _sent = false;
        ServerError = null;
    }

    internal SaslClientStep Respond(ReadOnlySpan<byte> challenge, IBufferWriter<byte> response)
    {
        if (!_sent)
        {
            Encoding.UTF8.GetBytes(message, response);
            _sent = true;
            return SaslClientStep.Respond;
        }

        if (ServerError is not null)
        {
            return SaslClientStep.Cancel;
        }

        ServerError = Encoding.UTF8.GetString(challenge);
        Encoding.UTF8.GetBytes(acknowledgement, response);
        return SaslClientStep.Respond;
    }
}
