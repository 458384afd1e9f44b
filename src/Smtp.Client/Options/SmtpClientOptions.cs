using System.Runtime.CompilerServices;

namespace Smtp.Client;

/// <summary>
/// What an <see cref="SmtpClient"/> connects to, and how it shares its connections.
/// </summary>
/// <remarks>
/// Meanings and defaults are those of nodemailer's pool and of <see cref="System.Net.Http.SocketsHttpHandler"/>, and so are the names of times
/// (<see cref="PooledConnectionLifetime"/>, <see cref="PooledConnectionIdleTimeout"/>). A bound is a Maximum or Minimum in all of this library,
/// the server's limits too, so that one word finds them all; where the others shorten it, the summary gives their name.
/// </remarks>
public sealed class SmtpClientOptions : SmtpConnectionOptions
{
    private static readonly TimeSpan Longest = TimeSpan.FromDays(1);

    /// <summary>
    /// The most connections at a time, those that are being opened or closed included; 5 by default, as in nodemailer. Sends beyond that wait
    /// in the order of their coming. nodemailer's maxConnections, and MaxConnectionsPerServer of SocketsHttpHandler.
    /// </summary>
    public int MaximumConnections { get; init => field = Demand(value, 1); } = 5;

    /// <summary>
    /// So many connections are kept open once the client was used, with a NOOP each <see cref="PooledConnectionIdleTimeout"/>; 0, the default,
    /// closes all that are not needed. At most <see cref="MaximumConnections"/>.
    /// </summary>
    public int MinimumConnections { get; init => field = Demand(value, 0); }

    /// <summary>
    /// After so many messages a connection is closed with QUIT; 100 by default, as nodemailer's maxMessages. A server that says less by LIMITS MAILMAX
    /// (RFC 9422) gets less.
    /// </summary>
    public int MaximumMessagesPerConnection { get; init => field = Demand(value, 1); } = 100;

    /// <summary>
    /// A connection that is older is closed when its message is done; 5 minutes by default, as in Postfix (smtp_connection_reuse_time_limit).
    /// So a change of DNS or of a server's configuration is met in time. <see cref="Timeout.InfiniteTimeSpan"/> for no limit.
    /// </summary>
    public TimeSpan PooledConnectionLifetime { get; init => field = DemandTime(value); } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// A connection that is idle for longer is closed; 1 minute by default, well before servers and firewalls lose patience (RFC 5321
    /// §4.5.3.2.7 gives a server 5 minutes). <see cref="Timeout.InfiniteTimeSpan"/> for no limit.
    /// </summary>
    public TimeSpan PooledConnectionIdleTimeout { get; init => field = DemandTime(value); } = TimeSpan.FromMinutes(1);

    /// <summary>
    /// How long a send waits for a connection before it fails with <see cref="TransportFailure.PoolTimedOut"/>; 2 minutes by default.
    /// <see cref="Timeout.InfiniteTimeSpan"/> for no limit.
    /// </summary>
    public TimeSpan AcquireTimeout { get; init => field = DemandTime(value); } = TimeSpan.FromMinutes(2);

    /// <summary>
    /// How many sends may wait for a connection; one more fails at once with <see cref="TransportFailure.PoolOvercrowded"/>. No limit by
    /// default: whoever calls holds the messages anyway.
    /// </summary>
    public int MaximumWaiters { get; init => field = Demand(value, 0); } = int.MaxValue;

    /// <summary>
    /// After a connection could not be opened while others work, the pool does not try to grow for so long, doubled with each failure on end
    /// up to 32 times; 1 s by default. With no connection left it tries at once.
    /// </summary>
    public TimeSpan ConnectBackoff { get; init => field = DemandGrace(value); } = TimeSpan.FromSeconds(1);

    /// <summary>How long closing the client waits for sends that are under way before it breaks them off, from 0 to a day; 10 s by default.</summary>
    public TimeSpan ShutdownGrace { get; init => field = DemandGrace(value); } = TimeSpan.FromSeconds(10);

    /// <inheritdoc/>
    private protected override void Validate(List<string> errors)
    {
        base.Validate(errors);
        if (MinimumConnections > MaximumConnections)
        {
            errors.Add($"{nameof(MinimumConnections)} is {MinimumConnections}, more than {nameof(MaximumConnections)}, {MaximumConnections}.");
        }
    }

    private static int Demand(int value, int least, [CallerMemberName] string name = "") =>
        value >= least ? value : throw new ArgumentOutOfRangeException(name, value, $"{name} is at least {least}.");

    private static TimeSpan DemandTime(TimeSpan value, [CallerMemberName] string name = "") =>
        value == Timeout.InfiniteTimeSpan || (value > TimeSpan.Zero && value <= Longest)
            ? value
            : throw new ArgumentOutOfRangeException(name, value, $"{name} is over 0 and at most a day, or Timeout.InfiniteTimeSpan.");

    private static TimeSpan DemandGrace(TimeSpan value, [CallerMemberName] string name = "") =>
        value >= TimeSpan.Zero && value <= Longest ? value : throw new ArgumentOutOfRangeException(name, value, $"{name} is from 0 to a day.");
}
