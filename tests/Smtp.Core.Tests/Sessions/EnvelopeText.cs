using System.Globalization;
using System.Text;

namespace Smtp.Core.Tests;

/// <summary>An envelope as lines that look like the commands it was made from.</summary>
internal static class EnvelopeText
{
    public static string Of(ServerSession session)
    {
        Envelope envelope = session.Envelope;
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"from <{envelope.ReversePath}>");
        text.Append(envelope.DeclaredSize < 0 ? "" : string.Create(CultureInfo.InvariantCulture, $" SIZE={envelope.DeclaredSize}"));
        text.Append(envelope.Body switch { BodyType.SevenBit => "", BodyType.EightBitMime => " BODY=8BITMIME", _ => " BODY=BINARYMIME" });
        text.Append(envelope.SmtpUtf8 ? " SMTPUTF8" : "");
        text.Append(envelope.RequireTls ? " REQUIRETLS" : "");
        text.Append(envelope.Return switch { DsnReturn.Full => " RET=FULL", DsnReturn.Headers => " RET=HDRS", _ => "" });
        text.Append(Parameter(" ENVID=", envelope.EnvelopeId)).Append(Parameter(" AUTH=", envelope.Submitter));
        text.Append(session.IsAuthenticated ? $" as {session.Identity}" : "");
        for (int i = 0; i < envelope.RecipientCount; i++)
        {
            EnvelopeRecipient recipient = envelope[i];
            text.Append(CultureInfo.InvariantCulture, $"\nto <{recipient.ForwardPath}>");
            text.Append(recipient.Notify == DsnNotify.Unspecified ? "" : $" NOTIFY={recipient.Notify.ToString().ToUpperInvariant()}");
            text.Append(Parameter(" ORCPT=", recipient.OriginalRecipient));
        }

        return text.ToString();
    }

    private static string Parameter(string name, ReadOnlyMemory<byte> value) =>
        value.IsEmpty ? "" : name + Encoding.UTF8.GetString(value.Span);
}
