using System.Buffers;
using Smtp.Core;

namespace Smtp.Server;

/// <summary>
/// A convenience for small messages and tests: collects a message in memory and hands it over whole. A message may take as much memory as
/// <see cref="SmtpLimits.MaximumMessageSize"/> allows; a sink that streams needs none.
/// </summary>
/// <param name="onMessage">
/// Gets the session, the envelope and the content, all valid until the returned task completes. Its reply is the answer to the message:
/// <see cref="Replies.MessageAccepted"/> for the standard 250. <c>default</c> is none, and answered 451 4.3.0.
/// </param>
public sealed class BufferedMessageSink(
    Func<SmtpSessionContext, Envelope, ReadOnlyMemory<byte>, CancellationToken, ValueTask<SmtpReply>> onMessage) : IMessageSink
{
    /// <inheritdoc/>
    public SmtpExtensions SupportedExtensions { get; init; }

    /// <inheritdoc/>
    public ValueTask<MessageOpening> OpenAsync(SmtpSessionContext session, Envelope envelope, CancellationToken cancellationToken) =>
        ValueTask.FromResult(MessageOpening.Accept(new Writer(onMessage, session, envelope)));

    private sealed class Writer(
        Func<SmtpSessionContext, Envelope, ReadOnlyMemory<byte>, CancellationToken, ValueTask<SmtpReply>> onMessage,
        SmtpSessionContext session,
        Envelope envelope) : IMessageWriter
    {
        private readonly ArrayBufferWriter<byte> _content = new();

        public ValueTask WriteAsync(ReadOnlyMemory<byte> chunk, CancellationToken cancellationToken)
        {
            _content.Write(chunk.Span);
            return default;
        }

        public ValueTask<SmtpReply> CommitAsync(CancellationToken cancellationToken) =>
            onMessage(session, envelope, _content.WrittenMemory, cancellationToken);

        public ValueTask AbortAsync() => default;
    }
}
