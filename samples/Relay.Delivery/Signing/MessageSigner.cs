using System.Text;
using MimeKit;
using Relay.Spool;

namespace Relay.Delivery;

/// <summary>Makes what goes in front of a message when it leaves: DKIM signatures, and the fields that a submission must have and lacks (RFC 6409 §8).</summary>
internal sealed class MessageSigner(DkimKeys keys, string hostName)
{
    /// <summary>Makes the fields.</summary>
    /// <param name="header">The message's header.</param>
    /// <param name="openContent">Opens the whole message from its start, for reading and seeking; called only if it is to be signed.</param>
    /// <param name="senderDomain">The domain of the From field, or of the reverse-path where there is none.</param>
    /// <param name="id">The relay's id of the message.</param>
    /// <param name="acceptedAt">When the relay took it.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>Whole lines, perhaps none. The same at each attempt but for the signature's time.</returns>
    internal async ValueTask<byte[]> CreateAsync(
        ReadOnlyMemory<byte> header,
        Func<Stream> openContent,
        string senderDomain,
        string id,
        DateTimeOffset acceptedAt,
        CancellationToken cancellationToken)
    {
        IReadOnlyList<(string Name, string Value)> missing = SubmissionFields.Missing(header.Span, id, hostName, acceptedAt);
        IReadOnlyList<DkimKey> signers = senderDomain.Length == 0 ? [] : keys.For(senderDomain);
        var lines = new MemoryStream();
        if (signers.Count > 0 && HeaderScanner.Has(header.Span, "From:"u8))
        {
            // The body stays where it lies: a message of any size costs its header and a buffer.
            using MimeMessage message = await MimeMessage.LoadAsync(openContent(), persistent: true, cancellationToken).ConfigureAwait(false);
            foreach ((string name, string value) in missing)
            {
                message.Headers.Insert(0, name, value);
            }

            foreach (DkimKey signer in signers)
            {
                lines.Write(signer.Sign(message));
            }
        }

        foreach ((string name, string value) in missing)
        {
            lines.Write(Encoding.ASCII.GetBytes($"{name}: {value}\r\n"));
        }

        return lines.Length == 0 ? [] : lines.ToArray();
    }
}
