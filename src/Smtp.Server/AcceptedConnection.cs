using System.IO.Pipelines;
using System.Net;

namespace Smtp.Server;

/// <summary>A connection that the application has accepted itself, such as a web server's or a pair of pipes in memory, and hands to <see cref="SmtpServer.RunAsync(AcceptedConnection)"/>.</summary>
public sealed class AcceptedConnection
{
    /// <summary>The octets both ways. Completed when the session is over.</summary>
    public required IDuplexPipe Transport { get; init; }

    /// <summary>What the session is to know as the server's side. Default null.</summary>
    public EndPoint? LocalEndPoint { get; init; }

    /// <summary>What the session is to know as the client's side; an IP address counts for <see cref="SmtpServerOptions.MaximumConnectionsPerAddress"/>. Default null.</summary>
    public EndPoint? RemoteEndPoint { get; init; }

    /// <summary>
    /// The rules of the connection; its end point and backlog are not looked at. Use one object for all connections that have the same rules. Default null: no
    /// demands, and STARTTLS if the server has certificates.
    /// </summary>
    public SmtpListenerOptions? Listener { get; init; }

    /// <summary>
    /// Makes the handshake in place of the server, whose certificates are then not asked for: at once where the listener's <see cref="TlsMode"/> is
    /// <see cref="TlsMode.Implicit"/>, on STARTTLS where it is <see cref="TlsMode.StartTls"/>. Called once at most. What it throws fails the handshake. Default null.
    /// </summary>
    public Func<CancellationToken, ValueTask<EstablishedTls>>? TlsHandshake { get; init; }

    /// <summary>Fires when the session is to end as if the server stopped: with a 421 where no transaction is open. Default never.</summary>
    public CancellationToken Closing { get; init; }

    /// <summary>Fires when the client has gone, which a pipe tells only to who reads. Default never.</summary>
    public CancellationToken Closed { get; init; }

    /// <summary>Cuts the connection beneath the pipe, from any thread. Default null: only the pipe's reads and writes are ended.</summary>
    public Action? Abort { get; init; }
}
