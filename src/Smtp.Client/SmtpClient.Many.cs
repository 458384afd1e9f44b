using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Smtp.Client;

/// <content>Many messages one after the other.</content>
public sealed partial class SmtpClient
{
    // One that is answered, one whose envelope goes behind its body, and one that is ready to be the next.
    private const int MessagesAhead = 3;

    /// <summary>
    /// Sends messages one behind the other, so that a connection is kept busy: while a message is on its way, the next ones are asked for, up
    /// to two. The outcomes come in the order of the messages, and what fails for one message does not stop the others. To use several
    /// connections, call it several times or use <see cref="Parallel"/> with <see cref="SendAsync(SmtpMessage, CancellationToken)"/>.
    /// </summary>
    /// <param name="messages">The messages.</param>
    /// <param name="cancellationToken">Breaks off, which throws <see cref="OperationCanceledException"/>.</param>
    /// <returns>An outcome for each message. Whoever stops to read stops the sending behind the messages that are on their way.</returns>
    /// <exception cref="ObjectDisposedException">The client is closed.</exception>
    public async IAsyncEnumerable<SmtpSendOutcome> SendManyAsync(
        IAsyncEnumerable<SmtpMessage> messages, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(messages);
        var underWay = new Queue<Task<SmtpSendOutcome>>(MessagesAhead);
        try
        {
            await foreach (SmtpMessage message in messages.WithCancellation(cancellationToken).ConfigureAwait(false))
            {
                underWay.Enqueue(SendOneAsync(message, isFirst: underWay.Count == 0, cancellationToken));
                if (underWay.Count == MessagesAhead)
                {
                    yield return await underWay.Dequeue().ConfigureAwait(false);
                }
            }

            while (underWay.TryDequeue(out Task<SmtpSendOutcome>? outcome))
            {
                yield return await outcome.ConfigureAwait(false);
            }
        }
        finally
        {
            await ((Task)Task.WhenAll(underWay)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <inheritdoc cref="SendManyAsync(IAsyncEnumerable{SmtpMessage}, CancellationToken)"/>
    public IAsyncEnumerable<SmtpSendOutcome> SendManyAsync(IEnumerable<SmtpMessage> messages, CancellationToken cancellationToken = default) =>
        SendManyAsync(messages.ToAsyncEnumerable(), cancellationToken);

    [SuppressMessage("Design", "CA1031", Justification = "It is handed on as the outcome.")]
    private async Task<SmtpSendOutcome> SendOneAsync(SmtpMessage message, bool isFirst, CancellationToken cancellationToken)
    {
        var result = new SendResult();
        try
        {
            // Those behind the first wait for its connection rather than for one of their own.
            await Begin(message, result, wantsConnection: isFirst, cancellationToken).ConfigureAwait(false);
            return new SmtpSendOutcome(message, result, null);
        }
        catch (Exception error) when (error is not ObjectDisposedException and not ArgumentNullException && !cancellationToken.IsCancellationRequested)
        {
            return new SmtpSendOutcome(message, result, error);
        }
    }
}
