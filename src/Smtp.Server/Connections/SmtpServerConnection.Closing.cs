using System.Net.Security;
using Smtp.Core;

namespace Smtp.Server;

/// <content>The end: the last reply gets through, and everything goes back.</content>
internal sealed partial class SmtpServerConnection
{
    private async ValueTask CloseAsync()
    {
        await DelayRefusalAsync().ConfigureAwait(false);
        await FlushAsync().ConfigureAwait(false);
        SetDeadline(DeadlineKind.Cut, _server.Now + (long)_options.Timeouts.Write.TotalMilliseconds);
        if (_stream is SslStream tls)
        {
            await tls.ShutdownAsync().ConfigureAwait(false);
        }

        _transport.EndWriting();
        if (_interruption != SmtpCloseReason.Completed)
        {
            await LingerInterruptedAsync().ConfigureAwait(false);
        }
        else if (_session.LastVerb != SmtpVerb.Quit)
        {
            await LingerAsync().ConfigureAwait(false);
        }
    }

    /// <summary>
    /// As <see cref="LingerAsync"/> where reading was ended to interrupt the client: what is there can still be read, but nothing can be waited for. Inside a
    /// transaction more is on its way, so that it is looked again for a second.
    /// </summary>
    private async ValueTask LingerInterruptedAsync()
    {
        // It ends by itself.
        ClearDeadline();
        _transport.EndReading();
        for (int looks = _interruptedTransaction && _transport is SocketTransport ? 10 : 1; looks > 0; looks--)
        {
            while (true)
            {
                _received.Release();
                if (await _transport.Stream.ReadAsync(_received.GetMemory(ServerPhase.Body)).ConfigureAwait(false) == 0)
                {
                    break;
                }
            }

            if (looks > 1)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(100), _options.TimeProvider).ConfigureAwait(false);
            }
        }
    }

    /// <summary>
    /// Reads what the client had already sent when the server ended the session. Closing a socket that holds unread octets resets the connection,
    /// and the reset overtakes the last reply: the client would never see why. Bounded in octets and time.
    /// </summary>
    private async ValueTask LingerAsync()
    {
        const int MostOctets = 256 * 1024;
        SetDeadline(DeadlineKind.Cut, _server.Now + 2000);
        _received.Release();
        int total = 0;
        while (total < MostOctets)
        {
            // Nothing of this is ever looked at, so that reading beneath TLS is safe here.
            int count = await _transport.Stream.ReadAsync(_received.GetMemory(ServerPhase.Body)).ConfigureAwait(false);
            if (count == 0)
            {
                return;
            }

            total += count;
            _received.Release();
        }
    }

    private async ValueTask ReleaseAsync()
    {
        ClearDeadline();
        if (_writer is not null)
        {
            await AbortMessageAsync().ConfigureAwait(false);
        }

        try
        {
            if (_stream is SslStream)
            {
                await _stream.DisposeAsync().ConfigureAwait(false);
            }

            await _transport.DisposeAsync().ConfigureAwait(false);
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException or InvalidOperationException)
        {
            // Already gone.
        }
        catch (Exception error)
        {
            // A transport of the application's; the connection must not stay in the table for it.
            ServerLog.ConnectionFailed(_logger, Id, error);
        }

        if (_countedAddress is { } address)
        {
            _server.Addresses.Leave(address);
        }

        OnEnded();
        _received.Release();
        _output.Release();
        if (Interlocked.Exchange(ref _gone, null) is { } gone)
        {
            await CancelAsync(gone).ConfigureAwait(false);
            gone.Dispose();
        }

        _server.OnClosed(this);
        _session.Reset(_session.Profile);
        _server.Sessions.Return(_session);
        Interlocked.CompareExchange(ref _completed, Over, null)?.SetResult();
    }
}
