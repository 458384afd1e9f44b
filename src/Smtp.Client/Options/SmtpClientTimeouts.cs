using System.Runtime.CompilerServices;

namespace Smtp.Client;

/// <summary>
/// How long each stage may take, after RFC 5321 §4.5.3.2. A time is for the whole reply, or for handing one piece of a body to the
/// network; it does not begin anew with every octet. <see cref="Timeout.InfiniteTimeSpan"/> means no limit.
/// </summary>
public sealed class SmtpClientTimeouts
{
    private static readonly TimeSpan Longest = TimeSpan.FromDays(1);

    /// <summary>Name lookup and TCP connection; 30 s by default, as in Postfix.</summary>
    public TimeSpan Connect { get; init => field = Demand(value); } = TimeSpan.FromSeconds(30);

    /// <summary>The TLS handshake; 30 s by default. No RFC gives a figure.</summary>
    public TimeSpan TlsHandshake { get; init => field = Demand(value); } = TimeSpan.FromSeconds(30);

    /// <summary>The greeting; 5 minutes by default (§4.5.3.2.1).</summary>
    public TimeSpan Greeting { get; init => field = Demand(value); } = TimeSpan.FromMinutes(5);

    /// <summary>EHLO, STARTTLS, AUTH, RSET and NOOP, each; 5 minutes by default, as RFC 5321 gives MAIL.</summary>
    public TimeSpan Command { get; init => field = Demand(value); } = TimeSpan.FromMinutes(5);

    /// <summary>MAIL; 5 minutes by default (§4.5.3.2.2).</summary>
    public TimeSpan Mail { get; init => field = Demand(value); } = TimeSpan.FromMinutes(5);

    /// <summary>RCPT; 5 minutes by default (§4.5.3.2.3).</summary>
    public TimeSpan Recipient { get; init => field = Demand(value); } = TimeSpan.FromMinutes(5);

    /// <summary>DATA, up to the 354; 2 minutes by default (§4.5.3.2.4).</summary>
    public TimeSpan Data { get; init => field = Demand(value); } = TimeSpan.FromMinutes(2);

    /// <summary>Sending one piece of the body; 3 minutes by default (§4.5.3.2.5).</summary>
    public TimeSpan DataBlock { get; init => field = Demand(value); } = TimeSpan.FromMinutes(3);

    /// <summary>The reply to the end of data; 10 minutes by default, as giving up early means duplicates (§4.5.3.2.6).</summary>
    public TimeSpan FinalReply { get; init => field = Demand(value); } = TimeSpan.FromMinutes(10);

    /// <summary>QUIT, at the end of which nothing depends on the reply; 5 s by default.</summary>
    public TimeSpan Quit { get; init => field = Demand(value); } = TimeSpan.FromSeconds(5);

    private static TimeSpan Demand(TimeSpan value, [CallerMemberName] string name = "") =>
        value == Timeout.InfiniteTimeSpan || (value > TimeSpan.Zero && value <= Longest)
            ? value
            : throw new ArgumentOutOfRangeException(name, value, "A timeout is over 0 and at most a day, or Timeout.InfiniteTimeSpan.");
}
