using System.Buffers;
using System.IO.Pipelines;
using Smtp.Client;
using Smtp.Core;
using Smtp.Server;

namespace Smtp.Hosting;

/// <summary>
/// One message on its way through: the server writes into a pipe, the client reads from it. The client sends the end of data only when the pipe was completed
/// without an exception, which <see cref="FinishAsync"/> alone does: a message whose end was not seen is never sent whole.
/// </summary>
#pragma warning disable CA1001 // A writer is not disposed: its last call, which always comes, disposes what it has.
internal sealed class ForwardWriter : ILmtpMessageWriter
#pragma warning restore CA1001
{
    // RFC 5321 §6.3: "normally at least 100".
    private const int MaximumHops = 100;

    private readonly Pipe _pipe = new(new PipeOptions(pauseWriterThreshold: 64 * 1024, resumeWriterThreshold: 32 * 1024, useSynchronizationContext: false));
    private readonly CancellationTokenSource _stopping = new();
    private readonly bool _retryPartial;
    private readonly Task<SendResult> _sending;
    private HopCounter _hops;

    /// <summary>Begins to send.</summary>
    /// <param name="client">To whom.</param>
    /// <param name="envelope">The envelope, a copy.</param>
    /// <param name="received">The field to put in front.</param>
    /// <param name="retryPartial">See <see cref="ForwardMessageSink.RetryPartial"/>.</param>
    internal ForwardWriter(SmtpClient client, OutgoingEnvelope envelope, byte[] received, bool retryPartial)
    {
        _retryPartial = retryPartial;
        _pipe.Writer.Write(received);
        _sending = SendAsync(client, new SmtpMessage { Envelope = envelope, Content = MessageContent.FromPipe(_pipe.Reader) });
    }

    /// <summary>Whether the message goes in circles. The rest is dropped, and the end answered.</summary>
    private bool IsLooping => _hops.Count > MaximumHops;

    public async ValueTask WriteAsync(ReadOnlyMemory<byte> chunk, CancellationToken cancellationToken)
    {
        if (IsLooping)
        {
            return;
        }

        _hops.Read(chunk.Span);
        if (IsLooping)
        {
            await BreakOffAsync().ConfigureAwait(false);
            return;
        }

        // Where the send has ended already, nobody reads: what is written is dropped, and the commit says why.
        await _pipe.Writer.WriteAsync(chunk, cancellationToken).ConfigureAwait(false);
    }

    public async ValueTask<SmtpReply> CommitAsync(CancellationToken cancellationToken)
    {
        if (IsLooping)
        {
            return ForwardReplies.TooManyHops;
        }

        try
        {
            return ForwardReplies.ForAll((await FinishAsync(cancellationToken).ConfigureAwait(false)).Recipients, _retryPartial);
        }
        catch (SmtpConnectionException error) when (error.Result?.Recipients.CountOf(DeliveryOutcome.Accepted) > 0)
        {
            // An LMTP server that broke off in the middle of its verdicts. Every other failure is logged by this server and answered 451.
            return ForwardReplies.ForAll(error.Result.Recipients, _retryPartial);
        }
    }

    public async ValueTask CommitAsync(Memory<SmtpReply> replies, CancellationToken cancellationToken)
    {
        if (IsLooping)
        {
            replies.Span.Fill(ForwardReplies.TooManyHops);
            return;
        }

        TransactionReport recipients;
        try
        {
            recipients = (await FinishAsync(cancellationToken).ConfigureAwait(false)).Recipients;
        }
        catch (SmtpConnectionException error) when (HasVerdict(error.Result))
        {
            recipients = error.Result!.Recipients;
        }

        for (int i = 0; i < replies.Length; i++)
        {
            replies.Span[i] = ForwardReplies.ForOne(recipients[i]);
        }
    }

    public ValueTask AbortAsync() => IsLooping ? default : new ValueTask(BreakOffAsync());

    private static bool HasVerdict(SendResult? result) =>
        result?.Recipients is { } recipients && recipients.CountOf(DeliveryOutcome.Accepted) + recipients.CountOf(DeliveryOutcome.PermanentFailure) > 0;

    private async Task<SendResult> SendAsync(SmtpClient client, SmtpMessage message)
    {
        try
        {
            return await client.SendAsync(message, _stopping.Token).ConfigureAwait(false);
        }
        finally
        {
            // Lets a write go on that waits for room.
            await _pipe.Reader.CompleteAsync().ConfigureAwait(false);
        }
    }

    /// <summary>The whole message is in the pipe.</summary>
    private async Task<SendResult> FinishAsync(CancellationToken cancellationToken)
    {
        using (_stopping)
        {
            await _pipe.Writer.CompleteAsync().ConfigureAwait(false);
            using (cancellationToken.UnsafeRegister(static state => ((CancellationTokenSource)state!).Cancel(), _stopping))
            {
                return await _sending.ConfigureAwait(false);
            }
        }
    }

    /// <summary>The message will not be whole. The exception comes first: from then on no cancellation, and nothing else, can make the client see an end.</summary>
    private async Task BreakOffAsync()
    {
        await _pipe.Writer.CompleteAsync(new IOException("The message was dropped before its end.")).ConfigureAwait(false);
        await _stopping.CancelAsync().ConfigureAwait(false);
        await ((Task)_sending).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stopping.Dispose();
    }
}
