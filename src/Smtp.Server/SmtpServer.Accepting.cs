using System.IO.Pipelines;
using System.Net;
using Smtp.Core;

namespace Smtp.Server;

/// <content>Connections that the application accepted.</content>
public sealed partial class SmtpServer
{
    /// <summary>Runs a session over a connection that the application made, such as a pair of pipes in memory.</summary>
    /// <param name="connection">The octets both ways. Completed when the session is over.</param>
    /// <param name="localEndPoint">What the session is to know as the server's side.</param>
    /// <param name="remoteEndPoint">What the session is to know as the client's side.</param>
    /// <returns>Completes when the session is over. Does not fail: what goes wrong is logged.</returns>
    /// <exception cref="InvalidOperationException">The server was not started, or stops.</exception>
    public Task RunAsync(IDuplexPipe connection, EndPoint? localEndPoint = null, EndPoint? remoteEndPoint = null)
    {
        ArgumentNullException.ThrowIfNull(connection);
        return RunAsync(new AcceptedConnection { Transport = connection, LocalEndPoint = localEndPoint, RemoteEndPoint = remoteEndPoint });
    }

    /// <summary>Runs a session over a connection that the application accepted, with rules of its own.</summary>
    /// <param name="connection">The connection.</param>
    /// <returns>Completes when the session is over. Does not fail: what goes wrong is logged.</returns>
    /// <exception cref="InvalidOperationException">The server was not started, or stops.</exception>
    /// <exception cref="ArgumentException">The connection's rules are impossible here: see <see cref="DemandListener"/>.</exception>
    public Task RunAsync(AcceptedConnection connection)
    {
        ArgumentNullException.ThrowIfNull(connection);
        SmtpListenerOptions listener = connection.Listener ?? _pipeListener;
        ServerProfile profile = connection.Listener is null ? _pipeProfile : ProfileOf(connection.Listener, connection.TlsHandshake is not null);
        SmtpServerConnection? added = null;
        lock (_lock)
        {
            // Under the lock, so that a stop that begins now sees the connection.
            if (_heartbeat is null || _stop is not null)
            {
                throw new InvalidOperationException(_stop is null ? "The server was not started." : "The server stops.");
            }

            if (TryCount())
            {
                added = Add(new DuplexPipeTransport(connection), profile, listener);
            }
        }

        return added is null ? RefuseAsync(connection.Transport) : RunAsync(added, connection.Closing);
    }

    /// <summary>Refuses rules that this server could not follow for connections that are handed to it. What is refused for its own listeners is refused here.</summary>
    /// <param name="listener">The rules.</param>
    /// <param name="bringsTls">Whether the connections bring a <see cref="AcceptedConnection.TlsHandshake"/>.</param>
    /// <exception cref="ArgumentException">Something that the rules need is missing; the message names it.</exception>
    public void DemandListener(SmtpListenerOptions listener, bool bringsTls = false)
    {
        ArgumentNullException.ThrowIfNull(listener);
        ProfileOf(listener, bringsTls);
    }

    private static async Task RunAsync(SmtpServerConnection connection, CancellationToken closing)
    {
        using CancellationTokenRegistration registration = closing.UnsafeRegister(static state => ((SmtpServerConnection)state!).OnClosing(), connection);
        connection.Execute();
        await connection.Completed.ConfigureAwait(false);
    }

    private ServerProfile ProfileOf(SmtpListenerOptions listener, bool bringsTls)
    {
        Demand(Options, listener, bringsTls);
        return _handedProfiles.GetValue(listener, key => key.CreateProfile(Options));
    }

    private async Task RefuseAsync(IDuplexPipe connection)
    {
        ServerLog.TooManyConnections(ConnectionLogger, Interlocked.Increment(ref _lastId), Options.MaximumConnections);
        try
        {
            await connection.Output.WriteAsync(Replies.TooManyConnections.Wire.ToArray()).ConfigureAwait(false);
        }
        catch (IOException)
        {
            // The client was faster.
        }

        await connection.Output.CompleteAsync().ConfigureAwait(false);
        await connection.Input.CompleteAsync().ConfigureAwait(false);
    }
}
