using System.Buffers;
using System.Buffers.Text;
using System.Text;

namespace Smtp.Core;

/// <summary>AUTH's wire form around a client mechanism (RFC 4954 §4): base64, the initial response, cancelling.</summary>
internal static class SaslExchange
{
    /// <summary>Writes AUTH, with the initial response if there is one that fits.</summary>
    /// <returns>The octets written.</returns>
    internal static int Start(SaslClientMechanism mechanism, IBufferWriter<byte> output)
    {
        mechanism.Start();
        byte[] name = Encoding.ASCII.GetBytes(mechanism.Name);
        if (!mechanism.IsClientFirst)
        {
            return CommandWriter.WriteAuth(output, name);
        }

        var response = new SecretBuffer();
        try
        {
            // RFC 4954 §4: a response that would make the command too long waits for the empty challenge, and the step is taken again then.
            if (mechanism.Respond(default, response) == SaslClientStep.Respond
                && CommandWriter.AuthLength(name, response.WrittenSpan.Length) <= CommandWriter.MaximumLineLength)
            {
                return CommandWriter.WriteAuth(output, name, response.WrittenSpan);
            }
        }
        finally
        {
            response.Clear();
        }

        mechanism.Start();
        return CommandWriter.WriteAuth(output, name);
    }

    /// <summary>Answers a 334.</summary>
    /// <param name="mechanism">The mechanism.</param>
    /// <param name="reply">The reply, whose text is the challenge in base64.</param>
    /// <param name="output">Where the response goes.</param>
    /// <param name="written">The octets written.</param>
    /// <returns>Whether the challenge is base64; if not, nothing was written.</returns>
    internal static bool TryAnswer(SaslClientMechanism mechanism, ReceivedReply reply, IBufferWriter<byte> output, out int written)
    {
        written = 0;
        ReplyLineEnumerator lines = reply.Lines;
        lines.MoveNext();
        ReadOnlySpan<byte> text = lines.Current;
        byte[] challenge = new byte[Base64.GetMaxDecodedFromUtf8Length(text.Length)];

        // The decoder passes over white space; a challenge has none.
        if (lines.MoveNext()
            || text.ContainsAny(" \t"u8)
            || Base64.DecodeFromUtf8(text, challenge, out _, out int length) != OperationStatus.Done)
        {
            return false;
        }

        var response = new SecretBuffer();
        try
        {
            written = mechanism.Respond(challenge.AsSpan(0, length), response) == SaslClientStep.Respond
                ? CommandWriter.WriteSaslResponse(output, response.WrittenSpan)
                : CommandWriter.WriteSaslCancel(output);
            return true;
        }
        finally
        {
            response.Clear();
        }
    }
}
