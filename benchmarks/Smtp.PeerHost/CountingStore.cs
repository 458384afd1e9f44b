using System.Buffers;
using SmtpServer;
using SmtpServer.Protocol;
using SmtpServer.Storage;

namespace Smtp.PeerHost;

/// <summary>Counts octets and messages and keeps nothing. SmtpServer hands a message over as a whole, when it is in memory.</summary>
internal sealed class CountingStore : MessageStore
{
    private long _octets;
    private long _messages;

    public override Task<SmtpResponse> SaveAsync(
        ISessionContext context, IMessageTransaction transaction, ReadOnlySequence<byte> buffer, CancellationToken cancellationToken)
    {
        Interlocked.Add(ref _octets, buffer.Length);
        Interlocked.Increment(ref _messages);
        return Task.FromResult(SmtpResponse.Ok);
    }
}
