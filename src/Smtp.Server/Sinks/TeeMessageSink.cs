using Smtp.Core;

namespace Smtp.Server;

/// <summary>
/// Gives each message to several sinks. All must open, take every piece and commit, in their order; the first refusal is the answer. What an earlier sink
/// committed before a later one refused stays there, and the client will send the message again: put the sink that may refuse first.
/// </summary>
public sealed class TeeMessageSink : IMessageSink
{
    private readonly IMessageSink[] _sinks;

    /// <summary>Joins sinks.</summary>
    /// <param name="sinks">At least one.</param>
    public TeeMessageSink(params IMessageSink[] sinks)
    {
        ArgumentNullException.ThrowIfNull(sinks);
        ArgumentOutOfRangeException.ThrowIfZero(sinks.Length, nameof(sinks));
        _sinks = [.. sinks];
    }

    /// <summary>What all of them can honour.</summary>
    public SmtpExtensions SupportedExtensions => _sinks.Aggregate((SmtpExtensions)~0, (all, sink) => all & sink.SupportedExtensions);

    /// <inheritdoc/>
    public async ValueTask<MessageOpening> OpenAsync(SmtpSessionContext session, Envelope envelope, CancellationToken cancellationToken)
    {
        var writers = new List<IMessageWriter>(_sinks.Length);
        try
        {
            foreach (IMessageSink sink in _sinks)
            {
                MessageOpening opening = await sink.OpenAsync(session, envelope, cancellationToken).ConfigureAwait(false);
                if (opening.Writer is null)
                {
                    await AbortAllAsync(writers, 0).ConfigureAwait(false);
                    return MessageOpening.Refuse(opening.Refusal.IsNone ? Replies.LocalError : opening.Refusal);
                }

                writers.Add(opening.Writer);
            }
        }
        catch
        {
            await AbortAllAsync(writers, 0).ConfigureAwait(false);
            throw;
        }

        return MessageOpening.Accept(new Writer(writers));
    }

    private static async ValueTask AbortAllAsync(List<IMessageWriter> writers, int from)
    {
        Exception? failure = null;
        for (int i = from; i < writers.Count; i++)
        {
            try
            {
                await writers[i].AbortAsync().ConfigureAwait(false);
            }
            catch (Exception error)
            {
                failure ??= error;
            }
        }

        if (failure is not null)
        {
            throw new InvalidOperationException("A sink failed to drop its message.", failure);
        }
    }

    private sealed class Writer(List<IMessageWriter> writers) : IMessageWriter
    {
        public async ValueTask WriteAsync(ReadOnlyMemory<byte> chunk, CancellationToken cancellationToken)
        {
            foreach (IMessageWriter writer in writers)
            {
                await writer.WriteAsync(chunk, cancellationToken).ConfigureAwait(false);
            }
        }

        public async ValueTask<SmtpReply> CommitAsync(CancellationToken cancellationToken)
        {
            SmtpReply first = default;
            for (int i = 0; i < writers.Count; i++)
            {
                SmtpReply reply;
                try
                {
                    reply = await writers[i].CommitAsync(cancellationToken).ConfigureAwait(false);
                }
                catch
                {
                    await AbortAllAsync(writers, i + 1).ConfigureAwait(false);
                    throw;
                }

                if (reply.IsNone || !reply.IsPositive)
                {
                    await AbortAllAsync(writers, i + 1).ConfigureAwait(false);
                    return reply;
                }

                first = i == 0 ? reply : first;
            }

            return first;
        }

        public ValueTask AbortAsync() => AbortAllAsync(writers, 0);
    }
}
