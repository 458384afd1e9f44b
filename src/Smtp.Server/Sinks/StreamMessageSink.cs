using System.IO.Pipelines;
using Smtp.Core;

namespace Smtp.Server;

/// <summary>
/// A convenience for code that wants to read a message from a <see cref="Stream"/>: the delegate runs while the body arrives, and what it has not read yet
/// holds the client back. Memory per message is bounded (64 KB).
/// </summary>
/// <param name="onMessage">
/// Gets the session, the envelope and the content; the envelope is valid until the returned task completes. Its reply is the answer to the message. If the
/// message is dropped half-way, reading fails with an <see cref="IOException"/>. It may return before the end: the rest is read and dropped.
/// </param>
public sealed class StreamMessageSink(Func<SmtpSessionContext, Envelope, Stream, CancellationToken, Task<SmtpReply>> onMessage) : IMessageSink
{
    /// <inheritdoc/>
    public SmtpExtensions SupportedExtensions { get; init; }

    /// <inheritdoc/>
    public ValueTask<MessageOpening> OpenAsync(SmtpSessionContext session, Envelope envelope, CancellationToken cancellationToken)
    {
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 64 * 1024, resumeWriterThreshold: 32 * 1024, useSynchronizationContext: false));

        // Not the connection's token: the delegate may be past reading when the client has gone, and its commit must not be torn.
        Task<SmtpReply> reading = Task.Run(
            async () =>
            {
                try
                {
                    return await onMessage(session, envelope, pipe.Reader.AsStream(leaveOpen: true), CancellationToken.None).ConfigureAwait(false);
                }
                finally
                {
                    await pipe.Reader.CompleteAsync().ConfigureAwait(false);
                }
            },
            CancellationToken.None);
        return ValueTask.FromResult(MessageOpening.Accept(new Writer(pipe.Writer, reading)));
    }

    private sealed class Writer(PipeWriter pipe, Task<SmtpReply> reading) : IMessageWriter
    {
        public async ValueTask WriteAsync(ReadOnlyMemory<byte> chunk, CancellationToken cancellationToken) =>
            await pipe.WriteAsync(chunk, cancellationToken).ConfigureAwait(false);

        public async ValueTask<SmtpReply> CommitAsync(CancellationToken cancellationToken)
        {
            await pipe.CompleteAsync().ConfigureAwait(false);
            return await reading.ConfigureAwait(false);
        }

        public async ValueTask AbortAsync()
        {
            await pipe.CompleteAsync(new IOException("The message was dropped before its end.")).ConfigureAwait(false);
            try
            {
                await reading.ConfigureAwait(false);
            }
            catch (IOException)
            {
                // What the delegate was told.
            }
        }
    }
}
