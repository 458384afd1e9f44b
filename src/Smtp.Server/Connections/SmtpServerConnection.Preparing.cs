using System.Net;
using System.Net.Sockets;
using Smtp.Core;

namespace Smtp.Server;

/// <content>What comes before the session.</content>
internal sealed partial class SmtpServerConnection
{
    /// <summary>
    /// Reads a trusted proxy's header, counts the client's address, shakes hands where TLS is implicit, holds the greeting back.
    /// </summary>
    /// <returns>Whether there is to be a session.</returns>
    private async ValueTask<bool> PrepareAsync()
    {
        if (_context.PeerEndPoint is IPEndPoint peer && IsTrustedProxy(peer.Address) && !await ReadProxyHeaderAsync().ConfigureAwait(false))
        {
            return false;
        }

        ServerLog.Connected(_logger, Id, _context.RemoteEndPoint, _context.LocalEndPoint);
        OnConnected();
        bool crowded = !TryCountAddress();
        if (crowded)
        {
            ServerLog.TooManyConnectionsFromAddress(_logger, Id, _context.RemoteEndPoint, _options.MaximumConnectionsPerAddress);
            _reason = SmtpCloseReason.Refused;
            if (_listener.Tls == TlsMode.Implicit)
            {
                // Not worth a handshake.
                return false;
            }

            _session.Terminate(Replies.TooManyConnections, _output);
            return true;
        }

        if (_listener.Tls == TlsMode.Implicit)
        {
            if (!await ShakeHandsAsync().ConfigureAwait(false))
            {
                return false;
            }

            _session.UseImplicitTls(_channelBinding, _context.ClientCertificate is not null);
        }

        if (_listener.GreetingDelay > TimeSpan.Zero)
        {
            await DelayAsync(_listener.GreetingDelay).ConfigureAwait(false);
            if (_transport.HasInput)
            {
                _session.Terminate(Replies.ImproperPipelining, _output);
            }
        }

        return true;
    }

    private bool IsTrustedProxy(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
        {
            address = address.MapToIPv4();
        }

        foreach (IPNetwork network in _listener.ProxiesTrusted)
        {
            if (network.BaseAddress.AddressFamily == address.AddressFamily && network.Contains(address))
            {
                return true;
            }
        }

        return false;
    }

    private async ValueTask<bool> ReadProxyHeaderAsync()
    {
        SetDeadline(DeadlineKind.Cut, _server.Now + (long)_options.Timeouts.TlsHandshake.TotalMilliseconds);
        ProxyHeader? header = await ProxyHeader.ReadAsync(_transport.Stream).ConfigureAwait(false);
        ClearDeadline();
        if (header is null)
        {
            ServerLog.BadProxyHeader(_logger, Id, _context.PeerEndPoint);
            _reason = SmtpCloseReason.Refused;
            return false;
        }

        _context.RemoteEndPoint = ConnectionTransport.Unmapped(header.Source) ?? _context.RemoteEndPoint;
        _context.LocalEndPoint = ConnectionTransport.Unmapped(header.Destination) ?? _context.LocalEndPoint;
        return true;
    }

    private bool TryCountAddress()
    {
        if (_context.RemoteEndPoint is not IPEndPoint { AddressFamily: AddressFamily.InterNetwork or AddressFamily.InterNetworkV6 } remote)
        {
            return true;
        }

        if (!_server.Addresses.TryEnter(remote.Address, _options.MaximumConnectionsPerAddress))
        {
            return false;
        }

        _countedAddress = remote.Address;
        return true;
    }
}
