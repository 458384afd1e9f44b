namespace Smtp.Server;

/// <summary>How long the server waits for a client, each with RFC 5321 §4.5.3.2's figure as default. Checked once a second.</summary>
public sealed class SmtpServerTimeouts
{
    /// <summary>For a command, in all: a client that sends it octet by octet gets no more. Default 5 minutes (§4.5.3.2.7).</summary>
    public TimeSpan Command
    {
        get;
        init => field = Positive(value, nameof(Command));
    } = TimeSpan.FromMinutes(5);

    /// <summary>For the next piece of a body. Default 3 minutes (§4.5.3.2.5).</summary>
    public TimeSpan Body
    {
        get;
        init => field = Positive(value, nameof(Body));
    } = TimeSpan.FromMinutes(3);

    /// <summary>
    /// The least octets a second that a body must bring on average, counted while the client is waited for; a client below it is cut off with 421. Default
    /// 240. 0 switches the check off.
    /// </summary>
    public int MinimumBodyRate
    {
        get;
        init => field = value >= 0 ? value : throw new ArgumentOutOfRangeException(nameof(MinimumBodyRate), value, "MinimumBodyRate must be 0 or more.");
    } = 240;

    /// <summary>How long a body may be slower than <see cref="MinimumBodyRate"/> from its start on. Default 30 seconds.</summary>
    public TimeSpan BodyRateGrace
    {
        get;
        init => field = Positive(value, nameof(BodyRateGrace));
    } = TimeSpan.FromSeconds(30);

    /// <summary>How long a failed AUTH is answered later, against guessing; not one that could not be checked. Default 1 second; 0 for at once.</summary>
    public TimeSpan AuthenticationFailureDelay
    {
        get;
        init => field = value >= TimeSpan.Zero && value <= TimeSpan.FromMinutes(1)
            ? value
            : throw new ArgumentOutOfRangeException(nameof(AuthenticationFailureDelay), value, "AuthenticationFailureDelay must be from 0 to 1 minute.");
    } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// How long each refusal behind <see cref="SmtpServerOptions.ErrorsBeforeDelay"/> of them is answered later: those of commands that came in one packet add up. Default 1 second,
    /// Postfix's smtpd_error_sleep_time; 0 for at once.
    /// </summary>
    public TimeSpan ErrorDelay
    {
        get;
        init => field = value >= TimeSpan.Zero && value <= TimeSpan.FromMinutes(1)
            ? value
            : throw new ArgumentOutOfRangeException(nameof(ErrorDelay), value, "ErrorDelay must be from 0 to 1 minute.");
    } = TimeSpan.FromSeconds(1);

    /// <summary>For a client to take a reply that the network does not take. Default 1 minute.</summary>
    public TimeSpan Write
    {
        get;
        init => field = Positive(value, nameof(Write));
    } = TimeSpan.FromMinutes(1);

    /// <summary>For a TLS handshake. Default 30 seconds.</summary>
    public TimeSpan TlsHandshake
    {
        get;
        init => field = Positive(value, nameof(TlsHandshake));
    } = TimeSpan.FromSeconds(30);

    /// <summary>How long a stopping server lets open transactions go on before it sends them 421. Default 10 seconds.</summary>
    public TimeSpan ShutdownGrace
    {
        get;
        init => field = value >= TimeSpan.Zero && value <= TimeSpan.FromDays(1)
            ? value
            : throw new ArgumentOutOfRangeException(nameof(ShutdownGrace), value, "ShutdownGrace must be from 0 to 1 day.");
    } = TimeSpan.FromSeconds(10);

    private static TimeSpan Positive(TimeSpan value, string name) =>
        value > TimeSpan.Zero && value <= TimeSpan.FromDays(1)
            ? value
            : throw new ArgumentOutOfRangeException(name, value, $"{name} must be more than 0 and at most 1 day.");
}
