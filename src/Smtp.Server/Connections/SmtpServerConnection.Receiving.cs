using System.Runtime.CompilerServices;
using Smtp.Core;

namespace Smtp.Server;

/// <content>How the client's octets are waited for and taken.</content>
internal sealed partial class SmtpServerConnection
{
    /// <summary>Looks whether the client is to be waited for at all, and sets the deadline.</summary>
    private bool PrepareToRead()
    {
        if ((_server.IsStopping || _isClosing) && _session.Phase is ServerPhase.Greeted or ServerPhase.Ready && _interruption == SmtpCloseReason.Completed)
        {
            _interruption = SmtpCloseReason.Shutdown;
        }

        if (_interruption != SmtpCloseReason.Completed)
        {
            Interrupted();
            return false;
        }

        // A command has one deadline for all its octets; a body has one for each piece.
        bool inBody = _session.Phase is ServerPhase.Body or ServerPhase.Chunk;
        if (inBody || _commandDeadline == 0)
        {
            _commandDeadline = _server.Now + (long)(inBody ? _options.Timeouts.Body : _options.Timeouts.Command).TotalMilliseconds;
        }

        if (!inBody)
        {
            _bodyReceived = 0;
            _bodyWaits = 0;
        }

        SetDeadline(DeadlineKind.Read, _commandDeadline);
        return true;
    }

    /// <summary>Waits for octets; 0 of them are the end.</summary>
    /// <remarks>Over a socket nothing large is held for it: what has come is taken by <see cref="ReceiveAvailable"/>.</remarks>
    private ValueTask<int> ReceiveAsync() =>
        _received.IsEmpty && _stream is not SocketStream && _session.Phase is ServerPhase.Greeted or ServerPhase.Ready or ServerPhase.Refused
            ? ReceiveBufferedAsync()
            : _stream.ReadAsync(_received.GetMemory(_session.Phase, hasCome: _received.WasFilled && _stream is not SocketStream));

    /// <summary>TLS and pipes have buffers of their own: nothing is held here while they wait, and what a client has sent at once is taken at once.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<int> ReceiveBufferedAsync()
    {
        _received.Release();
        await _stream.ReadAsync(Memory<byte>.Empty).ConfigureAwait(false);
        return await _stream.ReadAsync(_received.GetMemory(_session.Phase, hasCome: true)).ConfigureAwait(false);
    }

    /// <summary>
    /// Takes the rest of what the client has sent at once, where it is more than the small buffer of a socket that waits: all of it is to be answered with
    /// the same write.
    /// </summary>
    private int ReceiveAvailable()
    {
        if (!_received.WasFilled || _stream is not SocketStream socket || _session.Phase is ServerPhase.Body or ServerPhase.Chunk)
        {
            return 0;
        }

        int count = socket.ReadAvailable(_received.GetMemory(_session.Phase, hasCome: true).Span);
        _received.Commit(count);
        return count;
    }

    /// <summary>Counts a heartbeat at which the body was waited for. A sink that holds the client back does not make it slow.</summary>
    private bool IsBodyTooSlow()
    {
        if (_session.Phase is not (ServerPhase.Body or ServerPhase.Chunk))
        {
            return false;
        }

        int waits = ++_bodyWaits;
        SmtpServerTimeouts timeouts = _options.Timeouts;
        return waits > timeouts.BodyRateGrace.TotalSeconds && _bodyReceived < (long)waits * timeouts.MinimumBodyRate;
    }
}
