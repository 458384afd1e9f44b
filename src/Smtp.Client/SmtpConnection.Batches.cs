using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using Smtp.Core;

namespace Smtp.Client;

/// <content>Many messages, one behind the other.</content>
public sealed partial class SmtpConnection
{
    /// <summary>
    /// Sends messages one behind the other. Where the server has PIPELINING, a message's envelope goes out behind the body of the one before
    /// (RFC 2920 §3.1), so that each costs one round trip.
    /// </summary>
    /// <param name="messages">The messages; none may change until the task completes.</param>
    /// <param name="results">
    /// As many, each filled with what became of its message, also where this throws. One without recipients belongs to a message that was
    /// not begun.
    /// </param>
    /// <param name="cancellationToken">Breaks the sends off, and the connection with them.</param>
    /// <exception cref="ArgumentException">
    /// There are not as many results as messages, or an envelope is wrong: no message behind that one was begun, those before it are in their
    /// results, and the connection stays usable.
    /// </exception>
    /// <exception cref="SmtpTransportException">The connection was lost.</exception>
    /// <exception cref="SmtpReplyException">The server broke the protocol.</exception>
    public async ValueTask SendAllAsync(
        IReadOnlyList<SmtpMessage> messages, IReadOnlyList<SendResult> results, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(messages);
        ArgumentNullException.ThrowIfNull(results);
        if (messages.Count != results.Count)
        {
            throw new ArgumentException($"There are {messages.Count} messages and {results.Count} results.", nameof(results));
        }

        var feed = new ListFeed(messages, results);
        await SendAsync(feed, cancellationToken).ConfigureAwait(false);
        feed.Misuse?.Throw();

        // What LIMITS MAILMAX has cut off is refused with that reason.
        while (_session.Phase == ClientPhase.Ready && feed.TryWait())
        {
            BeginFirst(feed, evenIfExhausted: true);
        }
    }

    /// <summary>Sends what a feed has, until it has no more, the server takes no more, or the connection ends.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    internal async ValueTask SendAsync(MessageFeed feed, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Enter();
        HasReadContent = false;
        CancellationTokenRegistration registration = RegisterCancellation(cancellationToken);
        try
        {
            if (BeginFirst(feed) is not { } message)
            {
                return;
            }

            switch (await RunAsync(message, feed).ConfigureAwait(false))
            {
                case ClientEffect.Violation:
                    throw Violated(feed.FirstResult);
                case ClientEffect.Closing:
                    OnClosedByServer();
                    break;
            }

            feed.End(null);
        }
        catch (Exception error)
        {
            Exception told = Fail(error, feed.FirstResult, cancellationToken);
            feed.End(told);
            if (!ReferenceEquals(told, error))
            {
                throw told;
            }

            throw;
        }
        finally
        {
            await EndBodyAsync().ConfigureAwait(false);
            await registration.DisposeAsync().ConfigureAwait(false);
            Exit();
        }
    }

    /// <summary>Begins a message when none is under way.</summary>
    private SmtpMessage? BeginFirst(MessageFeed feed, bool evenIfExhausted = false)
    {
        while ((evenIfExhausted || !_session.IsExhausted) && feed.TryWait())
        {
            SmtpMessage message = feed.Waiting!;
            SendResult result = feed.WaitingResult!;
            try
            {
                OutgoingBody body = Classify(message, out SendRefusal refusal);
                _session.BeginTransaction(message.Envelope, body, result.Recipients, refusal);
            }
            catch (ArgumentException error)
            {
                feed.Refuse(error);
                continue;
            }

            result.SetConnection(_host, _options.Port, Tls);
            bool isDecided = _session.Phase == ClientPhase.Ready;
            feed.Begin(isDecided);
            if (!isDecided)
            {
                return message;
            }

            LogSent(result);
        }

        return null;
    }

    /// <summary>Begins a message behind the body of the one that is under way, if that can be.</summary>
    private void BeginNext(MessageFeed feed)
    {
        while (!_session.IsExhausted && feed.TryWait())
        {
            SmtpMessage message = feed.Waiting!;
            SendResult result = feed.WaitingResult!;
            try
            {
                OutgoingBody body = Classify(message, out SendRefusal refusal);
                if (!_session.TryBeginNextTransaction(message.Envelope, body, result.Recipients, refusal))
                {
                    return;
                }
            }
            catch (ArgumentException error)
            {
                feed.Refuse(error);
                continue;
            }

            result.SetConnection(_host, _options.Port, Tls);
            bool isDecided = result.Recipients.CountOf(DeliveryOutcome.Pending) == 0;
            feed.Begin(isDecided);
            if (!isDecided)
            {
                return;
            }

            LogSent(result);
        }
    }

    /// <summary>A list's messages in order, up to the first that is misuse.</summary>
    private sealed class ListFeed(IReadOnlyList<SmtpMessage> messages, IReadOnlyList<SendResult> results) : MessageFeed
    {
        private int _taken;

        internal ExceptionDispatchInfo? Misuse { get; private set; }

        internal override bool TryTake([NotNullWhen(true)] out SmtpMessage? message, [NotNullWhen(true)] out SendResult? result)
        {
            if (_taken == messages.Count || Misuse is not null)
            {
                message = null;
                result = null;
                return false;
            }

            message = messages[_taken];
            result = results[_taken++];
            return true;
        }

        protected override void OnDone(SmtpMessage message, SendResult result, Exception? error)
        {
            if (error is ArgumentException)
            {
                Misuse ??= ExceptionDispatchInfo.Capture(error);
            }
        }
    }
}
