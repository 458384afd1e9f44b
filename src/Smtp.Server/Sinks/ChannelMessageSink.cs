using System.Buffers;
using System.Threading.Channels;
using Smtp.Core;

namespace Smtp.Server;

/// <summary>
/// Puts messages into a channel, for a loop of the application's own to take out. The client hears 250 only when the loop has called
/// <see cref="PendingMessage.Accept"/>: a message that lies in memory is not safe yet.
/// </summary>
/// <remarks>
/// Messages are held whole, as many as clients send at once, each as large as <see cref="SmtpLimits.MaximumMessageSize"/> allows. A message that is never answered
/// keeps its client waiting until that gives up, and the server's stop until its grace is over; the client is then answered 451.
/// </remarks>
public sealed class ChannelMessageSink : IMessageSink
{
    private readonly Channel<PendingMessage> _channel;

    /// <summary>Makes a sink.</summary>
    /// <param name="capacity">How many messages may wait to be taken; clients with one more wait. Default 100. At least 1.</param>
    public ChannelMessageSink(int capacity = 100)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        _channel = Channel.CreateBounded<PendingMessage>(capacity);
    }

    /// <inheritdoc/>
    public SmtpExtensions SupportedExtensions { get; init; }

    /// <summary>Where the messages come out, for any number of readers.</summary>
    public ChannelReader<PendingMessage> Messages => _channel.Reader;

    /// <summary>Takes no more messages, so that loops over <see cref="Messages"/> end when it is empty. Messages that come are answered 451.</summary>
    public void Complete() => _channel.Writer.TryComplete();

    /// <inheritdoc/>
    public ValueTask<MessageOpening> OpenAsync(SmtpSessionContext session, Envelope envelope, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(session);
        ArgumentNullException.ThrowIfNull(envelope);
        return ValueTask.FromResult(MessageOpening.Accept(new Writer(_channel.Writer, session, envelope)));
    }

    private sealed class Writer(ChannelWriter<PendingMessage> channel, SmtpSessionContext session, Envelope envelope) : IMessageWriter
    {
        private readonly ArrayBufferWriter<byte> _content = new();

        public ValueTask WriteAsync(ReadOnlyMemory<byte> chunk, CancellationToken cancellationToken)
        {
            _content.Write(chunk.Span);
            return default;
        }

        public async ValueTask<SmtpReply> CommitAsync(CancellationToken cancellationToken)
        {
            var message = new PendingMessage(session, envelope, _content.WrittenMemory);
            try
            {
                await channel.WriteAsync(message, cancellationToken).ConfigureAwait(false);
            }
            catch (ChannelClosedException)
            {
                return Replies.LocalError;
            }

            // The loop is told by its Accept returning false.
            using CancellationTokenRegistration registration = cancellationToken.UnsafeRegister(static state => ((PendingMessage)state!).GiveUp(), message);
            return await message.Answer.ConfigureAwait(false);
        }

        public ValueTask AbortAsync() => default;
    }
}
