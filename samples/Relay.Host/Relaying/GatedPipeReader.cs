using System.IO.Pipelines;

namespace Relay.Host;

/// <summary>
/// Content that asks before its first octet is read. <see cref="Smtp.Client.SmtpConnection"/> reads content when the server has answered all RCPTs and
/// DATA, so that this is the moment at which all is known but nothing is sent, on the sender's own flow.
/// </summary>
internal sealed class GatedPipeReader : PipeReader
{
    private readonly PipeReader _inner;
    private readonly Action _onFirstRead;
    private bool _isOpen;

    /// <summary>Takes a reader.</summary>
    /// <param name="inner">The content.</param>
    /// <param name="onFirstRead">Called once; an exception of it is what the sender's read fails with.</param>
    internal GatedPipeReader(PipeReader inner, Action onFirstRead)
    {
        _inner = inner;
        _onFirstRead = onFirstRead;
    }

    /// <inheritdoc/>
    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        PassGate();
        return _inner.ReadAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public override bool TryRead(out ReadResult result)
    {
        PassGate();
        return _inner.TryRead(out result);
    }

    /// <inheritdoc/>
    public override void AdvanceTo(SequencePosition consumed) => _inner.AdvanceTo(consumed);

    /// <inheritdoc/>
    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined) => _inner.AdvanceTo(consumed, examined);

    /// <inheritdoc/>
    public override void CancelPendingRead() => _inner.CancelPendingRead();

    /// <inheritdoc/>
    public override void Complete(Exception? exception = null) => _inner.Complete(exception);

    private void PassGate()
    {
        if (!_isOpen)
        {
            _onFirstRead();
            _isOpen = true;
        }
    }
}
