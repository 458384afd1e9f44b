using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Smtp.Core;
using Smtp.Server;

namespace Smtp.AspNetCore;

/// <summary>
/// Runs sessions over Kestrel's connections. Kestrel's HTTPS middleware makes the handshake: it stands in the endpoint's pipeline between
/// <see cref="RunAsync"/> and <see cref="TakeTlsAsync"/>. With STARTTLS it is entered in the middle of the session; the session goes on over what it passes on.
/// </summary>
internal sealed class SmtpEndpoint(SmtpServer server, SmtpListenerOptions listener)
{
    /// <summary>Runs a session; with TLS the handshake is what comes next in the pipeline.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="tls">The HTTPS middleware, and behind it <see cref="TakeTlsAsync"/>; null without TLS.</param>
    internal async Task RunAsync(ConnectionContext connection, ConnectionDelegate? tls)
    {
        Handshake? handshake = tls is null ? null : new Handshake(connection, tls);
        if (handshake is not null)
        {
            connection.Features.Set(handshake);
        }

        try
        {
            await server.RunAsync(new AcceptedConnection
            {
                Transport = connection.Transport,
                LocalEndPoint = Unmapped(connection.LocalEndPoint),
                RemoteEndPoint = Unmapped(connection.RemoteEndPoint),
                Listener = listener,
                TlsHandshake = handshake is null ? null : handshake.MakeAsync,
                Closing = connection.Features.Get<IConnectionLifetimeNotificationFeature>()?.ConnectionClosedRequested ?? default,
                Closed = connection.ConnectionClosed,
                Abort = connection.Abort,
            }).ConfigureAwait(false);
        }
        catch (InvalidOperationException) when (listener.Tls != TlsMode.Implicit)
        {
            // The server has not started, or stops.
            await connection.Transport.Output.WriteAsync(Replies.ShuttingDown.Wire.ToArray(), CancellationToken.None).ConfigureAwait(false);
        }
        catch (InvalidOperationException)
        {
            // Not worth a handshake.
        }

        if (handshake is not null)
        {
            await handshake.EndAsync().ConfigureAwait(false);
        }
    }

    /// <summary>The end of the pipeline, behind the HTTPS middleware: hands the connection, now under TLS, to its session.</summary>
    internal static Task TakeTlsAsync(ConnectionContext connection) => connection.Features.Get<Handshake>()!.TakeAsync();

    /// <summary>An IPv4 address as such, also where it came in by a socket for both families.</summary>
    private static EndPoint? Unmapped(EndPoint? endPoint) =>
        endPoint is IPEndPoint { Address.IsIPv4MappedToIPv6: true } mapped ? new IPEndPoint(mapped.Address.MapToIPv4(), mapped.Port) : endPoint;

    /// <summary>One connection's way through the HTTPS middleware, which lasts until the session is over.</summary>
    private sealed class Handshake(ConnectionContext connection, ConnectionDelegate tls)
    {
        private readonly TaskCompletionSource<EstablishedTls> _established = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _over = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private Task? _running;

        internal async ValueTask<EstablishedTls> MakeAsync(CancellationToken cancellationToken)
        {
            _running = tls(connection);
            if (await Task.WhenAny(_running, _established.Task).ConfigureAwait(false) != _established.Task)
            {
                // The middleware logs why, and returns as if nothing were.
                await _running.ConfigureAwait(false);
                throw new IOException("The handshake failed.");
            }

            return await _established.Task.ConfigureAwait(false);
        }

        internal Task TakeAsync()
        {
            ITlsHandshakeFeature made = connection.Features.GetRequiredFeature<ITlsHandshakeFeature>();
            SslStream? stream = connection.Features.Get<ISslStreamFeature>()?.SslStream;
            _established.SetResult(new EstablishedTls
            {
                Transport = connection.Transport,
                Protocol = made.Protocol,
                CipherSuite = made.NegotiatedCipherSuite ?? stream?.NegotiatedCipherSuite ?? default,
                ServerName = string.IsNullOrEmpty(made.HostName) ? null : made.HostName,
                ServerCertificate = stream?.LocalCertificate as X509Certificate2,
                ClientCertificate = connection.Features.Get<ITlsConnectionFeature>()?.ClientCertificate,
            });
            return _over.Task;
        }

        internal Task EndAsync()
        {
            _over.SetResult();
            return _running ?? Task.CompletedTask;
        }
    }
}
