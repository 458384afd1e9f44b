using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using Smtp.Core;

namespace Smtp.Client;

/// <content>The one loop between session and network.</content>
public sealed partial class SmtpConnection
{
    private ValueTask<ReadResult> _reading;
    private bool _isReading;
    private long _deadlineFor = -1;

    /// <summary>
    /// Goes on with the session's operation until it is over: (1) lets the session read what is there and write what it may,
    /// (2) sends a body when one is due, and other messages or their envelopes behind it, (3) sends what was written, (4) reads more.
    /// </summary>
    /// <param name="message">The message of a mail transaction.</param>
    /// <param name="feed">Where more messages come from; <see langword="null"/> if there is one only.</param>
    /// <returns>How the operation ended.</returns>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<ClientEffect> RunAsync(SmtpMessage? message, MessageFeed? feed = null)
    {
        PipeReader input = _transport.Input;
        PipeWriter output = _transport.Output;
        IOException? unsent = null;
        bool hasRead = input.TryRead(out ReadResult read);
        while (true)
        {
            // (1)
            ClientEffect effect = Advance(hasRead ? read.Buffer : ReadOnlySequence<byte>.Empty, output, out SequencePosition consumed);
            if (hasRead)
            {
                input.AdvanceTo(consumed, effect == ClientEffect.NeedInput ? read.Buffer.End : consumed);
            }

            if (effect == ClientEffect.NeedInput && hasRead && read.IsCompleted)
            {
                throw unsent ?? new EndOfStreamException("The server closed the connection.");
            }

            if (effect == ClientEffect.SendBody || (effect == ClientEffect.NeedInput && unsent is null && _session.CanSendChunk))
            {
                // (2)
                hasRead = false;
                if (feed is not null && effect == ClientEffect.SendBody && !feed.TryCommit(feed.LastResult!))
                {
                    // Whoever does not want it any more has marked the connection, which goes with it.
                    throw new OperationCanceledException();
                }

                if (await WriteBodyAsync(message!, output).ConfigureAwait(false))
                {
                    await EndBodyAsync().ConfigureAwait(false);
                    if (feed is not null)
                    {
                        message = BeginNext(feed);
                    }

                    continue;
                }

                if (_session.Phase == ClientPhase.Closed)
                {
                    return ClientEffect.Completed;
                }
            }
            else if (effect == ClientEffect.TransactionCompleted)
            {
                CompleteFirst(feed!);
                message = BeginNext(feed!);
                hasRead = input.TryRead(out read);
                continue;
            }
            else if (effect == ClientEffect.Completed && feed is not null)
            {
                await EndBodyAsync().ConfigureAwait(false);
                CompleteFirst(feed);
                message = BeginFirst(feed);
                if (message is null)
                {
                    return effect;
                }

                hasRead = input.TryRead(out read);
                continue;
            }
            else if (effect != ClientEffect.NeedInput)
            {
                return effect;
            }

            if (!_isReading && input.TryRead(out read))
            {
                // What is there already is answered with the same write.
                hasRead = true;
                continue;
            }

            // (3) A server that has gone may have said why: that is read before the failure is told.
            feed?.LetGo();
            ExtendDeadline(output);
            if (unsent is null && output.UnflushedBytes > 0)
            {
                try
                {
                    await output.FlushAsync(_transport.Token).ConfigureAwait(false);
                }
                catch (IOException error)
                {
                    unsent = error;
                }
            }

            // (4)
            if (_isReading)
            {
                _isReading = false;
                read = await _reading.ConfigureAwait(false);
            }
            else
            {
                read = await input.ReadAsync(_transport.Token).ConfigureAwait(false);
            }

            hasRead = true;
        }
    }

    private ClientEffect Advance(ReadOnlySequence<byte> buffer, PipeWriter output, out SequencePosition consumed)
    {
        ReadOnlySequence<byte> rest = buffer;
        ClientEffect effect;
        if (_trace is null)
        {
            effect = _session.Advance(ref rest, output);
        }
        else
        {
            _trace.IsSecret = _session.Stage == SmtpStage.Authenticate;
            _trace.SetOutput(output);
            effect = _session.Advance(ref rest, _trace);
            _trace.Log(buffer.Slice(0, rest.Start));
        }

        consumed = rest.Start;
        return effect;
    }

    /// <summary>A deadline is for one reply, not for each read that brings a part of it.</summary>
    private void ExtendDeadline(PipeWriter output)
    {
        if (_deadlineFor != _session.ReplyCount || output.UnflushedBytes > 0)
        {
            _deadlineFor = _session.ReplyCount;
            _transport.SetDeadline(TimeoutOf(_session.Stage));
        }
    }

    private TimeSpan TimeoutOf(SmtpStage stage) => stage switch
    {
        SmtpStage.Greeting => _options.Timeouts.Greeting,
        SmtpStage.Mail => _options.Timeouts.Mail,
        SmtpStage.Recipient => _options.Timeouts.Recipient,
        SmtpStage.Data => _options.Timeouts.Data,
        SmtpStage.Body => _options.Timeouts.DataBlock,
        SmtpStage.FinalReply => _options.Timeouts.FinalReply,
        SmtpStage.Quit => _options.Timeouts.Quit,
        _ => _options.Timeouts.Command,
    };
}
