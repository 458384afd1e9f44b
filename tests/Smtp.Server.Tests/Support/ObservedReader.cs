using System.Buffers;
using System.IO.Pipelines;

namespace Smtp.Server.Tests;

/// <summary>A reader that counts what is taken from it and tells when somebody waits.</summary>
internal sealed class ObservedReader(PipeReader inner) : PipeReader
{
    private readonly Lock _lock = new();
    private TaskCompletionSource _waits = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ReadOnlySequence<byte> _last;
    private long _taken;

    internal long Taken => Interlocked.Read(ref _taken);

    public override async ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        ValueTask<ReadResult> read = inner.ReadAsync(cancellationToken);
        if (!read.IsCompleted)
        {
            lock (_lock)
            {
                _waits.TrySetResult();
            }
        }

        ReadResult result = await read;
        lock (_lock)
        {
            if (_waits.Task.IsCompleted)
            {
                _waits = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }
        }

        _last = result.Buffer;
        return result;
    }

    public override bool TryRead(out ReadResult result) => throw new NotSupportedException();

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        Interlocked.Add(ref _taken, _last.Slice(0, consumed).Length);
        inner.AdvanceTo(consumed, examined);
    }

    public override void CancelPendingRead() => inner.CancelPendingRead();

    public override void Complete(Exception? exception = null) => inner.Complete(exception);

    internal Task WaitsAsync()
    {
        lock (_lock)
        {
            return _waits.Task;
        }
    }
}
