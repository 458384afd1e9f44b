using System.Buffers;
using System.IO.Pipelines;

namespace Smtp.Server.Tests;

/// <summary>A reader that counts what is taken from it and tells when somebody waits.</summary>
internal sealed class ObservedReader(PipeReader inner) : PipeReader
{
    private readonly Lock _lock = new();
    private readonly List<(long Taken, TaskCompletionSource Source)> _watchers = [];
    private ReadOnlySequence<byte> _last;
    private bool _waits;
    private long _taken;

    internal long Taken => Interlocked.Read(ref _taken);

    public override async ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        ValueTask<ReadResult> read = inner.ReadAsync(cancellationToken);
        if (!read.IsCompleted)
        {
            lock (_lock)
            {
                _waits = true;
                foreach ((long taken, TaskCompletionSource source) in _watchers)
                {
                    if (taken <= _taken)
                    {
                        source.TrySetResult();
                    }
                }

                _watchers.RemoveAll(w => w.Source.Task.IsCompleted);
            }
        }

        ReadResult result = await read;
        lock (_lock)
        {
            _waits = false;
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

    public override void CancelPendingRead()
    {
        lock (_lock)
        {
            _waits = false;
        }

        inner.CancelPendingRead();
    }

    public override void Complete(Exception? exception = null) => inner.Complete(exception);

    /// <summary>Completes when so many octets were taken in all and somebody waits for more.</summary>
    internal Task WaitsAsync(long taken)
    {
        lock (_lock)
        {
            if (_waits && _taken >= taken)
            {
                return Task.CompletedTask;
            }

            var source = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _watchers.Add((taken, source));
            return source.Task;
        }
    }
}
