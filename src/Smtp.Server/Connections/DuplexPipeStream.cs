using System.Buffers;
using System.IO.Pipelines;

namespace Smtp.Server;

/// <summary>A pair of pipes as a stream, so that TLS and the connection's loop have one shape of transport.</summary>
internal sealed class DuplexPipeStream(IDuplexPipe pipe) : Stream
{
    private volatile bool _aborted;
    private volatile bool _readingEnded;

    /// <inheritdoc/>
    public override bool CanRead => true;

    /// <inheritdoc/>
    public override bool CanWrite => true;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <inheritdoc/>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_readingEnded)
        {
            return 0;
        }

        ReadResult result;
        try
        {
            result = await pipe.Input.ReadAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception error) when (error is not (IOException or OperationCanceledException))
        {
            // What the other side completed its writer with: to this side the connection is gone, whatever the type.
            throw new IOException("The connection failed.", error);
        }

        ThrowIfAborted();
        ReadOnlySequence<byte> octets = result.Buffer;
        int count = _readingEnded ? 0 : (int)Math.Min(octets.Length, buffer.Length);
        SequencePosition consumed = octets.GetPosition(count);
        octets.Slice(0, count).CopyTo(buffer.Span);

        pipe.Input.AdvanceTo(consumed);
        return count;
    }

    /// <inheritdoc/>
    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        ThrowIfAborted();
        FlushResult result;
        try
        {
            result = await pipe.Output.WriteAsync(buffer, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception error) when (error is not (IOException or OperationCanceledException))
        {
            throw new IOException("The connection failed.", error);
        }

        ThrowIfAborted();
        if (result.IsCompleted)
        {
            throw new IOException("The reader of the pipe has gone.");
        }
    }

    /// <inheritdoc/>
    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc/>
    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc/>
    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public override void Flush()
    {
    }

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("Asynchronous only.");

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("Asynchronous only.");

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <summary>Makes the pending read and all later ones end as at the end of the stream. May be called from any thread.</summary>
    internal void EndReading()
    {
        // A canceled read alone would not do: TLS reads again where it has a part of a record.
        _readingEnded = true;
        pipe.Input.CancelPendingRead();
    }

    /// <summary>Makes pending and later reads and writes fail. May be called from any thread.</summary>
    internal void Abort()
    {
        _aborted = true;
        pipe.Input.CancelPendingRead();
        pipe.Output.CancelPendingFlush();
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            pipe.Input.Complete();
            pipe.Output.Complete();
        }

        base.Dispose(disposing);
    }

    private void ThrowIfAborted()
    {
        if (_aborted)
        {
            throw new IOException("The connection was cut.");
        }
    }
}
