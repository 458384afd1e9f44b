using System.IO.Pipelines;

namespace Smtp.Client;

/// <summary>Content that is read while it is sent, and what has to be done when it is read no more.</summary>
internal sealed class ContentSource
{
    private readonly bool _ownsReader;
    private readonly CancellationTokenSource? _stopping;
    private readonly Task? _writing;

    /// <summary>Takes a reader.</summary>
    /// <param name="reader">The reader.</param>
    /// <param name="ownsReader">Whether it is completed when it is read no more.</param>
    internal ContentSource(PipeReader reader, bool ownsReader)
    {
        Reader = reader;
        _ownsReader = ownsReader;
    }

    /// <summary>Starts a callback that writes content, and reads what it writes.</summary>
    internal ContentSource(Func<PipeWriter, CancellationToken, ValueTask> write, int bufferSize, CancellationToken cancellationToken)
    {
        var pipe = new Pipe(new PipeOptions(
            pauseWriterThreshold: bufferSize * 2, resumeWriterThreshold: bufferSize, minimumSegmentSize: bufferSize / 4, useSynchronizationContext: false));
        Reader = pipe.Reader;
        _ownsReader = true;
        _stopping = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _writing = WriteAsync(write, pipe.Writer, _stopping.Token);
    }

    internal PipeReader Reader { get; }

    /// <summary>Stops reading. A callback that still writes is told, and waited for.</summary>
    internal async ValueTask CloseAsync()
    {
        if (_stopping is not null)
        {
            await _stopping.CancelAsync().ConfigureAwait(false);
        }

        if (_ownsReader)
        {
            await Reader.CompleteAsync().ConfigureAwait(false);
        }

        if (_writing is not null)
        {
            // Its failure was told to the reader.
            await _writing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _stopping!.Dispose();
        }
    }

    private static async Task WriteAsync(
        Func<PipeWriter, CancellationToken, ValueTask> write, PipeWriter writer, CancellationToken cancellationToken)
    {
        // The callback may work for long before its first await, and this is the thread of the connection.
        await Task.Yield();
        try
        {
            await write(writer, cancellationToken).ConfigureAwait(false);
            await writer.CompleteAsync().ConfigureAwait(false);
        }
        catch (Exception error)
        {
            await writer.CompleteAsync(error).ConfigureAwait(false);
        }
    }
}
