using System.IO.Pipelines;

namespace Smtp.Server.Tests;

/// <summary>A writer that counts writes and tells when one does not complete.</summary>
internal sealed class ObservedWriter(PipeWriter inner) : PipeWriter
{
    private readonly TaskCompletionSource _stuck = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _writes;

    internal int Writes => Volatile.Read(ref _writes);

    public override async ValueTask<FlushResult> WriteAsync(ReadOnlyMemory<byte> source, CancellationToken cancellationToken = default)
    {
        Interlocked.Increment(ref _writes);
        ValueTask<FlushResult> write = inner.WriteAsync(source, cancellationToken);
        if (!write.IsCompleted)
        {
            _stuck.TrySetResult();
        }

        return await write;
    }

    public override void Advance(int bytes) => inner.Advance(bytes);

    public override Memory<byte> GetMemory(int sizeHint = 0) => inner.GetMemory(sizeHint);

    public override Span<byte> GetSpan(int sizeHint = 0) => inner.GetSpan(sizeHint);

    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default) => inner.FlushAsync(cancellationToken);

    public override void CancelPendingFlush() => inner.CancelPendingFlush();

    public override void Complete(Exception? exception = null) => inner.Complete(exception);

    internal Task IsStuckAsync() => _stuck.Task;
}
