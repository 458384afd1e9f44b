using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;

namespace Smtp.Client;

/// <content>Many messages one after the other.</content>
public sealed partial class SmtpClient
{
    /// <summary>
    /// Sends messages one behind the other, so that a connection is kept busy: while a message is on its way, the next ones are asked for, up to
    /// <see cref="SmtpConnectionOptions.MaximumMessagesInFlight"/>. The outcomes come in the order of the messages, each as soon as it is known, and what fails for one message does not stop the
    /// others. To use several connections, call it several times or use <see cref="Parallel"/> with
    /// <see cref="SendAsync(SmtpMessage, CancellationToken)"/>.
    /// </summary>
    /// <param name="messages">The messages.</param>
    /// <param name="cancellationToken">
    /// Breaks off: no more messages are asked for, and each that was has its outcome all the same, with an
    /// <see cref="OperationCanceledException"/> where it was not at its end, and the result that says what is known. Behind the last outcome
    /// <see cref="OperationCanceledException"/> is thrown.
    /// </param>
    /// <returns>
    /// An outcome for each message. What <paramref name="messages"/> itself throws is thrown behind the outcomes of the messages before it.
    /// Whoever stops to read stops the sending behind the messages that are on their way: these are sent to their end before the enumerator
    /// is disposed. Who wants to know of them uses the overload with a collection for their outcomes.
    /// </returns>
    /// <exception cref="ObjectDisposedException">The client is closed: thrown behind the outcomes of the messages that were asked for.</exception>
    public IAsyncEnumerable<SmtpSendOutcome> SendManyAsync(IAsyncEnumerable<SmtpMessage> messages, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(messages);
        return SendManyCoreAsync(messages, null, cancellationToken);
    }

    /// <inheritdoc cref="SendManyAsync(IAsyncEnumerable{SmtpMessage}, CancellationToken)"/>
    public IAsyncEnumerable<SmtpSendOutcome> SendManyAsync(IEnumerable<SmtpMessage> messages, CancellationToken cancellationToken = default) =>
        SendManyAsync(messages.ToAsyncEnumerable(), cancellationToken);

    /// <inheritdoc cref="SendManyAsync(IAsyncEnumerable{SmtpMessage}, CancellationToken)"/>
    /// <param name="messages">The messages.</param>
    /// <param name="unread">
    /// Gets the outcomes that nobody reads any more, by the time the enumerator is disposed: of the messages that were on their way when the
    /// reader stopped, be it by <c>break</c> or by an exception of its own. So there is an outcome for each message that was asked for,
    /// either read or here; one that was asked for and not begun has an <see cref="OperationCanceledException"/>.
    /// </param>
    /// <param name="cancellationToken">Breaks off, as with the other overload.</param>
    public IAsyncEnumerable<SmtpSendOutcome> SendManyAsync(
        IAsyncEnumerable<SmtpMessage> messages, ICollection<SmtpSendOutcome> unread, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(messages);
        ArgumentNullException.ThrowIfNull(unread);
        return SendManyCoreAsync(messages, unread, cancellationToken);
    }

    /// <summary>
    /// (1) Asks for a message while there is room for one, and begins it; an outcome that is there first goes first. (2) Hands the next outcome
    /// on. (3) Tells what has ended it. (4) Waits for what was begun and is not read.
    /// </summary>
    [SuppressMessage("Design", "CA1031", Justification = "It is thrown behind the outcomes.")]
    private async IAsyncEnumerable<SmtpSendOutcome> SendManyCoreAsync(
        IAsyncEnumerable<SmtpMessage> messages, ICollection<SmtpSendOutcome>? unread, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // As many as can be on their way, and one that is ready to be the next.
        int messagesAhead = Options.MaximumMessagesInFlight + 1;
        var underWay = new Queue<Task<SmtpSendOutcome>>();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        IAsyncEnumerator<SmtpMessage> source = messages.GetAsyncEnumerator(stop.Token);
        Task<bool>? asked = null;
        Exception? end = null;
        bool isAtEnd = false;
        try
        {
            while (true)
            {
                // (1)
                isAtEnd |= asked is null && cancellationToken.IsCancellationRequested;
                if (!isAtEnd && underWay.Count < messagesAhead)
                {
                    try
                    {
                        asked ??= source.MoveNextAsync().AsTask();
                        if (asked.IsCompleted || underWay.Count == 0 || await Task.WhenAny(asked, underWay.Peek()).ConfigureAwait(false) == asked)
                        {
                            Task<bool> answered = asked;
                            asked = null;
                            isAtEnd = !await answered.ConfigureAwait(false);
                            if (!isAtEnd)
                            {
                                // Those behind the first wait for its connection rather than for one of their own.
                                underWay.Enqueue(SendOneAsync(source.Current, wantsConnection: underWay.Count == 0, cancellationToken));
                                continue;
                            }
                        }
                    }
                    catch (Exception error)
                    {
                        end = error;
                        isAtEnd = true;
                    }
                }

                // (2)
                if (!underWay.TryDequeue(out Task<SmtpSendOutcome>? next))
                {
                    break;
                }

                SmtpSendOutcome outcome = await next.ConfigureAwait(false);
                if (outcome.Error is ObjectDisposedException && _pool.IsClosing)
                {
                    end ??= outcome.Error;
                    isAtEnd = true;
                }

                yield return outcome;
            }

            // (3)
            if (end is not null)
            {
                ExceptionDispatchInfo.Throw(end);
            }

            cancellationToken.ThrowIfCancellationRequested();
        }
        finally
        {
            // (4)
            await stop.CancelAsync().ConfigureAwait(false);
            while (underWay.TryDequeue(out Task<SmtpSendOutcome>? left))
            {
                SmtpSendOutcome outcome = await left.ConfigureAwait(false);
                unread?.Add(outcome);
            }

            if (asked is not null)
            {
                await ((Task)asked).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                if (asked.IsCompletedSuccessfully && asked.Result)
                {
                    unread?.Add(await SendOneAsync(source.Current, wantsConnection: false, stop.Token).ConfigureAwait(false));
                }
            }

            await source.DisposeAsync().ConfigureAwait(false);
        }
    }

    [SuppressMessage("Design", "CA1031", Justification = "It is handed on as the outcome.")]
    private async Task<SmtpSendOutcome> SendOneAsync(SmtpMessage message, bool wantsConnection, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(message);
        var result = new SendResult();
        try
        {
            await Begin(message, result, wantsConnection, cancellationToken).ConfigureAwait(false);
            return new SmtpSendOutcome(message, result, null);
        }
        catch (Exception error)
        {
            return new SmtpSendOutcome(message, result, error);
        }
    }
}
