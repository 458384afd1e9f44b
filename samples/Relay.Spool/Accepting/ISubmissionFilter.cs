using System.Buffers;
using Smtp.Core;
using Smtp.Server;

namespace Relay.Spool;

/// <summary>
/// Reads a submission's header before it is stored: fields that are for the relay (tags, metadata and so on) become facts and are taken off, and what a
/// submission lacks may be added.
/// </summary>
public interface ISubmissionFilter
{
    /// <summary>Reads a header.</summary>
    /// <param name="session">Who submits; null for a message that did not come by SMTP.</param>
    /// <param name="id">The message's id.</param>
    /// <param name="header">All fields, each with its CRLF, without the empty line behind them. The relay's own <c>Received:</c> field is not among them.</param>
    /// <param name="rewritten">Takes the header as it is to be stored. Nothing written means: as it is.</param>
    /// <param name="facts">What is known of the message so far; changed by what the header says.</param>
    /// <returns><c>default</c> to go on, or a refusal.</returns>
    SmtpReply Apply(SmtpSessionContext? session, MessageId id, ReadOnlySpan<byte> header, IBufferWriter<byte> rewritten, ref MessageFacts facts);
}
