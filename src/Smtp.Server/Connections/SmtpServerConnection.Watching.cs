using Microsoft.Extensions.Logging;
using Smtp.Core;

namespace Smtp.Server;

/// <content>Who watches the session: metrics, the log, the protocol's trace, the application.</content>
internal sealed partial class SmtpServerConnection
{
    /// <inheritdoc/>
    void IServerSessionObserver.OnCommand(ServerSession session, ReadOnlySpan<byte> line)
    {
        if (_server.ProtocolLogger.IsEnabled(LogLevel.Trace))
        {
            ServerLog.Command(_server.ProtocolLogger, Id, line.IsEmpty ? "(not shown)" : Printable(line));
        }

        if (_options.SessionEvents is { } events)
        {
            try
            {
                events.OnCommand(_context, line);
            }
            catch (Exception error)
            {
                OnEventsFailed(error);
            }
        }
    }

    /// <inheritdoc/>
    void IServerSessionObserver.OnReply(ServerSession session, SmtpVerb verb, int code, ReadOnlySpan<byte> wire)
    {
        _metrics.Command(verb, code, wire);
        if (_server.ProtocolLogger.IsEnabled(LogLevel.Trace))
        {
            ServerLog.Reply(_server.ProtocolLogger, Id, wire.IsEmpty ? "334 (not shown)" : Printable(wire.TrimEnd("\r\n"u8)));
        }

        if (_options.SessionEvents is { } events)
        {
            try
            {
                events.OnReply(_context, verb, code, wire);
            }
            catch (Exception error)
            {
                OnEventsFailed(error);
            }
        }

        int errors = session.ErrorCount;
        if (errors > _errors && errors > _options.ErrorsBeforeDelay)
        {
            OweDelay(_options.Timeouts.ErrorDelay);
        }

        _errors = errors;

        // A line that was no command may have been AUTH's.
        _received.HoldsSecret |= verb is SmtpVerb.Auth or SmtpVerb.Unknown;
        if (verb == SmtpVerb.Auth && code != 334 && session.AuthenticationMechanism is { } mechanism)
        {
            OnAuthenticationDecided(mechanism, code == 235 ? session.Identity : null, code);
        }
    }

    private void OnAuthenticationDecided(string mechanism, string? identity, int code)
    {
        // A 4yz of the authenticator's is its own trouble: nothing was guessed.
        bool isUnchecked = code is >= 400 and < 500 and not 421 && _throttled == ThrottleScope.None;
        if (identity is null && !isUnchecked)
        {
            OweDelay(_options.Timeouts.AuthenticationFailureDelay);
        }

        _metrics.Authentication(mechanism, identity is not null ? "accepted" : _throttled == ThrottleScope.None ? "refused" : "throttled");
        if (_attempt is { } attempt && (identity is not null || isUnchecked))
        {
            _server.Throttle.Forgive(attempt, _server.Now, succeeded: identity is not null);
        }

        _attempt = null;
        if (identity is not null)
        {
            ServerLog.Authenticated(_logger, Id, identity, mechanism);
        }
        else if (_throttled != ThrottleScope.None)
        {
            ServerLog.AuthenticationThrottled(_logger, Id, _context.RemoteEndPoint, mechanism, _throttled);
            _throttled = ThrottleScope.None;
        }
        else
        {
            ServerLog.AuthenticationFailed(_logger, Id, _context.RemoteEndPoint, mechanism);
        }

        Tell(events => events.OnAuthenticated(_context, mechanism, identity));
    }

    private void OnConnected() => Tell(events => events.OnConnected(_context));

    private void OnTlsEstablished()
    {
        _metrics.Handshake(_context.TlsProtocol.ToString());
        ServerLog.TlsEstablished(_logger, Id, _context.TlsProtocol.ToString(), _context.TlsCipherSuite!);
        Tell(events => events.OnTlsEstablished(_context));
    }

    private void OnEnded()
    {
        _metrics.SessionEnded(_reason, _options.TimeProvider.GetUtcNow() - _context.StartedAt);
        ServerLog.Closed(_logger, Id, _session.MessagesAccepted, _reason);
        Tell(events => events.OnClosed(_context, _reason));
    }

    /// <summary>For what happens a few times a session.</summary>
    private void Tell(Action<ISmtpSessionEvents> what)
    {
        if (_options.SessionEvents is { } events)
        {
            try
            {
                what(events);
            }
            catch (Exception error)
            {
                OnEventsFailed(error);
            }
        }
    }

    private void OnEventsFailed(Exception error) => ServerLog.EventsFailed(_logger, Id, error);

    private static string Printable(ReadOnlySpan<byte> text) =>
        string.Create(text.Length, text, static (shown, octets) =>
        {
            for (int i = 0; i < shown.Length; i++)
            {
                shown[i] = octets[i] is >= 0x20 and < 0x7F ? (char)octets[i] : octets[i] == '\n' ? '\n' : '?';
            }
        });
}
