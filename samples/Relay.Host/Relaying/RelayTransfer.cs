using System.IO.Pipelines;
using Microsoft.Extensions.Logging;
using Smtp.Client;
using Smtp.Core;
using Smtp.Server;

namespace Relay.Host;

/// <summary>One message on its way through: written by the submitter's session, read by the connection to the next hop.</summary>
internal sealed class RelayTransfer : IMessageWriter, IDisposable
{
    /// <summary>
    /// How long the next hop has for all from the connection to DATA's 354. The submitter waits two minutes for its own 354 (RFC 5321 §4.5.3.2.4); who
    /// has gone by then would try again beside this attempt.
    /// </summary>
    internal static readonly TimeSpan OpeningPatience = TimeSpan.FromSeconds(100);

    // Read ahead of the next hop by no more than this; what is in flight to a busy next hop is of this size too.
    private static readonly PipeOptions PipeOptions = new(
        pauseWriterThreshold: 128 * 1024, resumeWriterThreshold: 64 * 1024, minimumSegmentSize: 16 * 1024, useSynchronizationContext: false);

    private readonly SmtpConnectionOptions _options;
    private readonly string _nextHop;
    private readonly string _id;
    private readonly OutgoingEnvelope _envelope;
    private readonly ILogger _logger;
    private readonly Pipe _pipe = new(PipeOptions);
    private readonly SendResult _result = new();
    private readonly CancellationTokenSource _ending;
    private readonly TaskCompletionSource _contentWanted = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task<SmtpReply>? _sending;
    private Exception? _failure;
    private volatile bool _isGivenUp;

    internal RelayTransfer(SmtpConnectionOptions options, string nextHop, string id, OutgoingEnvelope envelope, TimeProvider time, ILogger logger)
    {
        _options = options;
        _nextHop = nextHop;
        _id = id;
        _envelope = envelope;
        _logger = logger;
        _ending = new CancellationTokenSource(OpeningPatience, time);
    }

    /// <summary>Asks the next hop whether it wants the message.</summary>
    /// <param name="head">What goes in front of the content.</param>
    /// <param name="cancellationToken">Fires when the submitter has gone.</param>
    internal async ValueTask<MessageOpening> OpenAsync(ReadOnlyMemory<byte> head, CancellationToken cancellationToken)
    {
        // Far below the pipe's bound: completes at once.
        await _pipe.Writer.WriteAsync(head, CancellationToken.None).ConfigureAwait(false);
        using (EndWith(cancellationToken))
        {
            _sending = SendAsync();
            await Task.WhenAny(_contentWanted.Task, _sending).ConfigureAwait(false);
        }

        // From here on each stage has its own deadline, and the submitter has those of its session.
        _ending.CancelAfter(Timeout.InfiniteTimeSpan);
        if (!_sending.IsCompleted)
        {
            return MessageOpening.Accept(this);
        }

        SmtpReply verdict = await EndAsync().ConfigureAwait(false);
        Dispose();
        return MessageOpening.Refuse(verdict.IsPositive ? Replies.LocalError : verdict);
    }

    /// <inheritdoc/>
    public async ValueTask WriteAsync(ReadOnlyMemory<byte> chunk, CancellationToken cancellationToken)
    {
        // If the next hop has ended the transaction, the rest has no reader: it is dropped, and the commit says why.
        await _pipe.Writer.WriteAsync(chunk, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Ends the content, and waits for the next hop's verdict.</summary>
    public async ValueTask<SmtpReply> CommitAsync(CancellationToken cancellationToken)
    {
        SmtpReply verdict;
        using (EndWith(cancellationToken))
        {
            await _pipe.Writer.CompleteAsync().ConfigureAwait(false);
            verdict = await EndAsync().ConfigureAwait(false);
        }

        Dispose();
        return verdict;
    }

    /// <summary>Breaks the connection to the next hop, which never sees an end of data and so takes nothing.</summary>
    public async ValueTask AbortAsync()
    {
        // The order matters: a writer that is completed first would look like the end of the content.
        _isGivenUp = true;
        await _ending.CancelAsync().ConfigureAwait(false);
        await _sending!.ConfigureAwait(false);
        await _pipe.Writer.CompleteAsync().ConfigureAwait(false);
        Dispose();
        RelayLog.Dropped(_logger, _id, _envelope.ReversePath.ToString());
    }

    /// <summary>Called by the writer itself when it is done, as the server that calls it does not know what it owns.</summary>
    public void Dispose() => _ending.Dispose();

    private CancellationTokenRegistration EndWith(CancellationToken cancellationToken) => cancellationToken.UnsafeRegister(
        static state =>
        {
            var transfer = (RelayTransfer)state!;
            transfer._isGivenUp = true;
            transfer._ending.Cancel();
        },
        this);

    /// <summary>Waits for the verdict and logs it.</summary>
    private async ValueTask<SmtpReply> EndAsync()
    {
        SmtpReply verdict = await _sending!.ConfigureAwait(false);
        await _pipe.Writer.CompleteAsync().ConfigureAwait(false);
        string from = _envelope.ReversePath.ToString();
        if (verdict.IsPositive)
        {
            RelayLog.Relayed(_logger, _id, from, _envelope.Recipients.Count, _nextHop, _result.Recipients[0].Reply.ToString());
        }
        else
        {
            RelayLog.NotRelayed(_logger, _id, from, _envelope.Recipients.Count, _nextHop, verdict.ToString(), _failure);
        }

        return verdict;
    }

    /// <summary>Sends the message. Does not fail: everything that can go wrong is a reply.</summary>
    private async Task<SmtpReply> SendAsync()
    {
        SmtpReply verdict;
        SmtpConnection? connection = null;
        try
        {
            var message = new SmtpMessage { Envelope = _envelope, Content = MessageContent.FromPipe(new GatedPipeReader(_pipe.Reader, OnContentWanted)) };
            connection = await SmtpConnection.ConnectAsync(_options, _ending.Token).ConfigureAwait(false);
            await connection.SendAsync(message, _result, _ending.Token).ConfigureAwait(false);
            verdict = Verdict.Of(_result.Recipients, _id, _nextHop);
        }
        catch (PartialRefusalException)
        {
            verdict = Verdict.Of(_result.Recipients, _id, _nextHop);
        }
        catch (SmtpConnectionException error)
        {
            _failure = error;
            verdict = Verdict.Of(error, _nextHop);
        }
        catch (OperationCanceledException)
        {
            verdict = _result.MayHaveBeenCommitted ? Verdict.LostAtEnd(_nextHop) : _isGivenUp ? Verdict.GivenUp : Verdict.TimedOut(_nextHop);
        }
        catch (Exception error)
        {
            // A defect; the submitter's session must hear of it all the same.
            _failure = error;
            verdict = Replies.LocalError;
        }

        // Wakes a submitter that waits for room in the pipe.
        await _pipe.Reader.CompleteAsync().ConfigureAwait(false);
        if (connection is not null)
        {
            // The verdict is in; the submitter need not wait for the reply to QUIT too.
            _ = CloseAsync(connection);
        }

        return verdict;
    }

    /// <summary>The next hop has answered each RCPT, and DATA with 354; nothing of the content is sent yet.</summary>
    private void OnContentWanted()
    {
        if (_result.Recipients.CountOf(DeliveryOutcome.Pending) != _result.Recipients.Count)
        {
            throw new PartialRefusalException();
        }

        _contentWanted.TrySetResult();
    }

    private static async Task CloseAsync(SmtpConnection connection)
    {
        try
        {
            await connection.DisposeAsync().ConfigureAwait(false);
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException)
        {
            // It was to be closed, and is.
        }
    }
}
