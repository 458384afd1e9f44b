using System.IO.Pipelines;
using Smtp.Interop;

namespace Smtp.Client.Tests;

/// <summary>One end of a connection in memory. A write waits while the other end has much to read, as on a socket.</summary>
internal sealed class DuplexStream : AsyncStream
{
    private readonly PipeReader _reader;
    private readonly PipeWriter _writer;
    private DuplexStream _other = null!;
    private long _written;
    private long _taken;

    // What had been taken when this end last asked for more.
    private long _askedAfter = -1;

    private DuplexStream(PipeReader reader, PipeWriter writer)
    {
        _reader = reader;
        _writer = writer;
    }

    /// <summary>Both ends.</summary>
    /// <param name="isHeardAtOnce">
    /// Whether a client that waits for the server's octets goes on with them on the server's stack: when the write returns it has heard them.
    /// </param>
    internal static (DuplexStream Client, DuplexStream Server) CreatePair(bool isHeardAtOnce = false)
    {
        var up = new Pipe(Options(PipeScheduler.ThreadPool));
        var down = new Pipe(Options(isHeardAtOnce ? PipeScheduler.Inline : PipeScheduler.ThreadPool));
        var client = new DuplexStream(down.Reader, up.Writer);
        var server = new DuplexStream(up.Reader, down.Writer) { _other = client };
        client._other = server;
        return (client, server);

        static PipeOptions Options(PipeScheduler readers) =>
            new(readerScheduler: readers, pauseWriterThreshold: 64 * 1024, resumeWriterThreshold: 32 * 1024, useSynchronizationContext: false);
    }

    /// <summary>
    /// Waits until the other end has taken all that was written here and asks for more: what it does because of what it read is done then.
    /// </summary>
    internal async Task WaitUntilHeardAsync(CancellationToken cancellationToken)
    {
        while (_other.AskedAfter != Volatile.Read(ref _written))
        {
            await Task.Delay(1, cancellationToken);
        }
    }

    private long AskedAfter => Volatile.Read(ref _askedAfter);

    /// <summary>Says no more, and still listens.</summary>
    internal void EndWriting() => _writer.Complete();

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        Volatile.Write(ref _askedAfter, _taken);
        ReadResult result = await _reader.ReadAsync(cancellationToken);
        long length = Math.Min(buffer.Length, result.Buffer.Length);
        var taken = result.Buffer.Slice(0, length);
        int offset = 0;
        foreach (ReadOnlyMemory<byte> memory in taken)
        {
            memory.CopyTo(buffer[offset..]);
            offset += memory.Length;
        }

        _reader.AdvanceTo(taken.End);
        _taken += offset;
        return offset;
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        Interlocked.Add(ref _written, buffer.Length);
        FlushResult result = await _writer.WriteAsync(buffer, cancellationToken);
        if (result.IsCompleted)
        {
            throw new IOException("The other end is closed.");
        }
    }

    protected override void Dispose(bool disposing)
    {
        _writer.Complete();
        _reader.Complete();
        base.Dispose(disposing);
    }
}
