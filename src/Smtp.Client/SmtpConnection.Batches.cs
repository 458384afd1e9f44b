using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using Smtp.Core;

namespace Smtp.Client;

/// <content>Many messages, one behind the other.</content>
public sealed partial class SmtpConnection
{
    // So many more are sent behind one that is unanswered than were answered before: a server that has not shown yet that it answers, or that ends each
    // connection soon, is not to leave many uncertain.
    private int _answered;

    /// <summary>
    /// Sends messages one behind the other. Where the server has PIPELINING, a message's envelope goes out behind the body of the one before
    /// (RFC 2920 §3.1), so that each costs one round trip. Where it has CHUNKING too, up to
    /// <see cref="SmtpConnectionOptions.MaximumMessagesInFlight"/> small messages share one.
    /// </summary>
    /// <param name="messages">The messages; none may change until the task completes.</param>
    /// <param name="results">
    /// As many, each filled with what became of its message, also where this throws. One without recipients belongs to a message that was
    /// not begun.
    /// </param>
    /// <param name="cancellationToken">Breaks the sends off, and the connection with them.</param>
    /// <exception cref="ArgumentException">
    /// There are not as many results as messages, or one is null: nothing was begun. Or an envelope is wrong: no message behind that one was begun, those before
    /// it are in their results. The connection stays usable.
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

        for (int i = 0; i < messages.Count; i++)
        {
            if (messages[i] is null || results[i] is null)
            {
                throw new ArgumentException($"The {(messages[i] is null ? "message" : "result")} at {i} is null.", messages[i] is null ? nameof(messages) : nameof(results));
            }
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

    private int MessagesInFlight => Math.Min(_options.MaximumMessagesInFlight, 2 + _answered);

    /// <summary>The first message under way, if there is one, was answered.</summary>
    private void CompleteFirst(MessageFeed feed)
    {
        if (feed.FirstResult is { } result)
        {
            LogSent(result);
            _answered = Math.Min(_answered + 1, _options.MaximumMessagesInFlight);
        }

        feed.Complete();
        HasReadContent = false;
    }

    /// <summary>Begins a message behind the body of the one that was begun last, if that can be.</summary>
    /// <returns>The message whose body is due or was sent last; <see langword="null"/> if none is under way.</returns>
    private SmtpMessage? BeginNext(MessageFeed feed)
    {
        while (_session.CanBeginNext && !_session.IsExhausted && feed.Count < MessagesInFlight && feed.TryWait())
        {
            SmtpMessage message = feed.Waiting!;
            SendResult result = feed.WaitingResult!;
            bool isBehindChunk = _session.Framing == BodyFraming.OneChunk;
            if (isBehindChunk && !(message.Content.IsMemory && message.Content.Length < ClientSession.WindowLength))
            {
                // Not looked through each time when it is its turn only behind all others.
                break;
            }

            try
            {
                OutgoingBody body = Classify(message, out SendRefusal refusal);
                bool isWhole = _session.FitsBehind(message.Envelope, body);
                if (isBehindChunk && !isWhole)
                {
                    break;
                }

                if (isWhole && !feed.TryCommit(result))
                {
                    break;
                }

                if (!_session.TryBeginNextTransaction(message.Envelope, body, result.Recipients, refusal))
                {
                    break;
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
                break;
            }

            LogSent(result);
        }

        return feed.Last;
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
