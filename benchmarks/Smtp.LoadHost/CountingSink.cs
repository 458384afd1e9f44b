using Smtp.Core;
using Smtp.Server;

namespace Smtp.LoadHost;

/// <summary>Counts octets and messages and keeps nothing.</summary>
internal sealed class CountingSink : IMessageSink, IMessageWriter
{
    private long _octets;
    private long _messages;

    public ValueTask<MessageOpening> OpenAsync(SmtpSessionContext session, Envelope envelope, CancellationToken cancellationToken) =>
        ValueTask.FromResult(MessageOpening.Accept(this));

    public ValueTask WriteAsync(ReadOnlyMemory<byte> chunk, CancellationToken cancellationToken)
    {
        Interlocked.Add(ref _octets, chunk.Length);
        return ValueTask.CompletedTask;
    }

    public ValueTask<SmtpReply> CommitAsync(CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _messages);
        return ValueTask.FromResult(Replies.MessageAccepted);
    }

    public ValueTask AbortAsync() => default;
}
