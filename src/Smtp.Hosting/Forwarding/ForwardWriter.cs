using System.Buffers;
using System.IO.Pipelines;
using Smtp.Client;
using Smtp.Core;
using Smtp.Server;

namespace Smtp.Hosting;

/// <summary>
/// One message on its way through: the server writes into a pipe, the client reads from it. The client sends the end of data only when the pipe was completed
/// without an exception, which <see cref="FinishAsync"/> alone does: a message whose end was not seen is never sent whole. A message with more recipients than
/// one transaction takes is copied meanwhile, and the other transactions come behind its end, one after the other: at the same time they would each hold a
/// connection and wait for the others' to read on.
/// </summary>
#pragma warning disable CA1001 // A writer is not disposed: its last call, which always comes, disposes what it has.
internal sealed class ForwardWriter : ILmtpMessageWriter
#pragma warning restore CA1001
{
    // RFC 5321 §6.3: "normally at least 100".
    private const int MaximumHops = 100;

    private readonly Pipe _pipe = new(new PipeOptions(pauseWriterThreshold: 64 * 1024, resumeWriterThreshold: 32 * 1024, useSynchronizationContext: false));
    private readonly CancellationTokenSource _stopping = new();
    private readonly SmtpClient _client;
    private readonly IReadOnlyList<OutgoingEnvelope> _parts;
    private readonly bool _retryPartial;
    private readonly ContentCopy? _copy;
    private readonly Task<SendResult> _sending;
    private HopCounter _hops;

    /// <summary>Begins to send.</summary>
    /// <param name="client">To whom.</param>
    /// <param name="parts">The envelope of each transaction, at least one; copies.</param>
    /// <param name="received">The field to put in front.</param>
    /// <param name="retryPartial">See <see cref="ForwardMessageSink.RetryPartial"/>.</param>
    internal ForwardWriter(SmtpClient client, IReadOnlyList<OutgoingEnvelope> parts, byte[] received, bool retryPartial)
    {
        _client = client;
        _parts = parts;
        _retryPartial = retryPartial;
        _copy = parts.Count > 1 ? new ContentCopy(received) : null;
        _pipe.Writer.Write(received);
        _sending = StreamAsync();
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

        if (_copy is not null)
        {
            await _copy.WriteAsync(chunk, cancellationToken).ConfigureAwait(false);
        }

        // Where the send has ended already, nobody reads: what is written is dropped, and the commit says why.
        await _pipe.Writer.WriteAsync(chunk, cancellationToken).ConfigureAwait(false);
    }

    public async ValueTask<SmtpReply> CommitAsync(CancellationToken cancellationToken) =>
        IsLooping ? ForwardReplies.TooManyHops
        : ForwardReplies.ForAll(await FinishAsync([DeliveryOutcome.Accepted], cancellationToken).ConfigureAwait(false), _retryPartial);

    public async ValueTask CommitAsync(Memory<SmtpReply> replies, CancellationToken cancellationToken)
    {
        if (IsLooping)
        {
            replies.Span.Fill(ForwardReplies.TooManyHops);
            return;
        }

        List<RecipientReport> recipients = await FinishAsync([DeliveryOutcome.Accepted, DeliveryOutcome.PermanentFailure], cancellationToken).ConfigureAwait(false);
        for (int i = 0; i < replies.Length; i++)
        {
            replies.Span[i] = ForwardReplies.ForOne(recipients[i]);
        }
    }

    public ValueTask AbortAsync() => IsLooping ? default : new ValueTask(BreakOffAsync());

    private async Task<SendResult> StreamAsync()
    {
        try
        {
            return await _client.SendAsync(new SmtpMessage { Envelope = _parts[0], Content = MessageContent.FromPipe(_pipe.Reader) }, _stopping.Token).ConfigureAwait(false);
        }
        finally
        {
            // Lets a write go on that waits for room.
            await _pipe.Reader.CompleteAsync().ConfigureAwait(false);
        }
    }

    /// <summary>The whole message is in the pipe.</summary>
    /// <param name="verdicts">
    /// With one of these outcomes the next server's answers count, although it broke off behind them; as an LMTP server may in the middle of its verdicts. Every
    /// other failure is thrown: this server logs it and says 451.
    /// </param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <returns>What became of each recipient.</returns>
    private async Task<List<RecipientReport>> FinishAsync(DeliveryOutcome[] verdicts, CancellationToken cancellationToken)
    {
        using (_copy)
        using (_stopping)
        {
            await _pipe.Writer.CompleteAsync().ConfigureAwait(false);
            using (cancellationToken.UnsafeRegister(static state => ((CancellationTokenSource)state!).Cancel(), _stopping))
            {
                // 1. What went while it came.
                var recipients = new List<RecipientReport>();
                bool isBroken = false;
                try
                {
                    recipients.AddRange((await _sending.ConfigureAwait(false)).Recipients);
                }
                catch (SmtpConnectionException error) when (error.Result is { } known && verdicts.Any(outcome => known.Recipients.CountOf(outcome) > 0))
                {
                    recipients.AddRange(known.Recipients);
                    isBroken = true;
                }

                // 2. The other recipients. Behind a connection that broke there is no other try: the sender waits.
                foreach (OutgoingEnvelope part in _parts.Skip(1))
                {
                    (TransactionReport report, isBroken) = isBroken ? (Untried(part), true) : await SendCopyAsync(part).ConfigureAwait(false);
                    recipients.AddRange(report);
                }

                return recipients;
            }
        }
    }

    /// <summary>Sends to the next recipients. Others may have the message already: what fails is these ones' fate, and not thrown.</summary>
    /// <returns>What became of them, and whether the next server was lost.</returns>
    private async Task<(TransactionReport Report, bool IsBroken)> SendCopyAsync(OutgoingEnvelope part)
    {
        var result = new SendResult();
        try
        {
            await _client.SendAsync(new SmtpMessage { Envelope = part, Content = _copy!.Read() }, result, _stopping.Token).ConfigureAwait(false);
            return (result.Recipients, false);
        }
        catch (Exception error) when (error is SmtpConnectionException or OperationCanceledException or ObjectDisposedException)
        {
            return (result.Recipients.Count == part.Recipients.Count ? result.Recipients : Untried(part), true);
        }
    }

    private static TransactionReport Untried(OutgoingEnvelope part)
    {
        var report = new TransactionReport();
        report.Fail(part, SmtpStage.None);
        return report;
    }

    /// <summary>The message will not be whole. The exception comes first: from then on no cancellation, and nothing else, can make the client see an end.</summary>
    private async Task BreakOffAsync()
    {
        await _pipe.Writer.CompleteAsync(new IOException("The message was dropped before its end.")).ConfigureAwait(false);
        await _stopping.CancelAsync().ConfigureAwait(false);
        await ((Task)_sending).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stopping.Dispose();
        _copy?.Dispose();
    }
}
