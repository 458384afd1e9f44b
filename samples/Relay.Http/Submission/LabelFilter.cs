using System.Buffers;
using System.Text;
using Microsoft.Extensions.Logging;
using MimeKit.Utils;
using Relay.Spool;
using Smtp.Core;
using Smtp.Server;

namespace Relay.Http;

/// <summary>What SMTP submissions say to the service in their header; see <see cref="SubmissionHeaders"/>. Also holds keys to their sender domains.</summary>
internal sealed class LabelFilter(KeyStore keys, ILogger logger) : ISubmissionFilter
{
    private static readonly SmtpReply NotItsDomain = SmtpReply.Create(550, new EnhancedStatus(5, 7, 1), "This key may not send from the domain of the From field");

    /// <inheritdoc/>
    public SmtpReply Apply(SmtpSessionContext? session, MessageId id, ReadOnlySpan<byte> header, IBufferWriter<byte> rewritten, ref MessageFacts facts)
    {
        ArgumentNullException.ThrowIfNull(rewritten);
        ArgumentNullException.ThrowIfNull(facts);
        if (session?.Identity is { } identity && keys.Find(identity) is { SenderDomains.Count: > 0 } key
            && !(key.MaySendFrom(facts.SenderDomain) && AuthorDomains.Allow(key, header)))
        {
            return NotItsDomain;
        }

        byte[] octets = header.ToArray();
        SubmissionLabels labels = SubmissionHeaders.Read(octets);
        if (labels.PassedOver.Count > 0)
        {
            HttpLog.LabelsPassedOver(logger, id.ToString(), string.Join("; ", labels.PassedOver));
        }

        if (labels.Header.Length != octets.Length)
        {
            rewritten.Write(labels.Header.Span);
        }

        facts = facts with
        {
            Tags = labels.Tags,
            Metadata = labels.Metadata,
            CustomId = labels.CustomId,
            Priority = labels.Priority ?? facts.Priority,
            Stream = labels.Stream ?? facts.Stream,
            From = Decoded(facts.From),
            Subject = Decoded(facts.Subject),
        };
        return default;
    }

    private static string Decoded(string text) => text.Contains("=?", StringComparison.Ordinal) ? Rfc2047.DecodeText(Encoding.UTF8.GetBytes(text)) : text;
}
