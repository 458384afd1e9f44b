namespace Smtp.Core;

/// <summary>The bounds of one session, each with a safe default. Setters refuse values that could not work.</summary>
public sealed class SmtpLimits
{
    private const int LongestLine = 1 << 20;

    /// <summary>
    /// The longest command line in octets, CRLF included. Default 4096: RFC 5321 §4.5.3.1.4's 512, with room for what each extension adds to
    /// MAIL and RCPT (RFC 3461 alone adds 500 to each). At least 512.
    /// </summary>
    public int MaximumCommandLineLength
    {
        get;
        init => field = Between(value, 512, LongestLine, nameof(MaximumCommandLineLength));
    } = 4096;

    /// <summary>The longest line of an AUTH exchange in octets, CRLF included. Default 12288 (RFC 4954 §4). At least 512.</summary>
    public int MaximumAuthenticationLineLength
    {
        get;
        init => field = Between(value, 512, LongestLine, nameof(MaximumAuthenticationLineLength));
    } = 12288;

    /// <summary>
    /// The largest message in octets, counted as RFC 1870 §5 does: CRLFs count, transparency's dots do not. Default 52428800 (50 MiB).
    /// At least 65536 (RFC 5321 §4.5.3.1.7).
    /// </summary>
    public long MaximumMessageSize
    {
        get;
        init => field = Between(value, 65536, long.MaxValue, nameof(MaximumMessageSize));
    } = 50 * 1024 * 1024;

    /// <summary>The most recipients of one message. Default 1000; at least 100 (RFC 5321 §4.5.3.1.8).</summary>
    public int MaximumRecipients
    {
        get;
        init => field = Between(value, 100, int.MaxValue, nameof(MaximumRecipients));
    } = 1000;

    /// <summary>
    /// The most messages of one connection; MAIL is answered 421 behind them. Default 2147483647: no bound. At least 1. LIMITS tells it as MAILMAX
    /// (RFC 9422 §4.1).
    /// </summary>
    public int MaximumMessages
    {
        get;
        init => field = Between(value, 1, int.MaxValue, nameof(MaximumMessages));
    } = int.MaxValue;

    /// <summary>
    /// How many refusals a client may earn without getting a message through; one more is answered 421. A 4yz is none, as the client is not at fault when
    /// a disk is full or a policy greylists, nor is what a pipelined group is told behind one; but of these too there may be no more than
    /// <see cref="MaximumRecipients"/> between two messages, and each further one counts. Default 20, Postfix's smtpd_hard_error_limit. At least 1.
    /// </summary>
    public int MaximumErrors
    {
        get;
        init => field = Between(value, 1, int.MaxValue, nameof(MaximumErrors));
    } = 20;

    /// <summary>
    /// How many commands that bring no mail (NOOP, RSET, VRFY, HELP, a repeated EHLO) a client may send between two messages; one more is
    /// answered 421. Default 100, Postfix's smtpd_junk_command_limit. At least 1.
    /// </summary>
    public int MaximumUnproductiveCommands
    {
        get;
        init => field = Between(value, 1, int.MaxValue, nameof(MaximumUnproductiveCommands));
    } = 100;

    /// <summary>
    /// How many AUTH exchanges may fail in one session; the last one is answered 421. Credentials that could not be checked, a 4yz, are no failure.
    /// Default 3. At least 1.
    /// </summary>
    public int MaximumAuthenticationFailures
    {
        get;
        init => field = Between(value, 1, int.MaxValue, nameof(MaximumAuthenticationFailures));
    } = 3;

    /// <summary>
    /// How many octets of refused bodies a session reads and drops before it is closed. A refused message is read to its end, since only then
    /// the sender sees the refusal; without a bound one session could keep the server busy for ever. Counted from the read in which the fault
    /// was found, so exact to one read. Default 268435456 (256 MiB). At least 65536.
    /// </summary>
    public long MaximumDiscardedOctets
    {
        get;
        init => field = Between(value, 65536, long.MaxValue, nameof(MaximumDiscardedOctets));
    } = 256 * 1024 * 1024;

    private static T Between<T>(T value, T least, T most, string name)
        where T : IComparable<T> =>
        value.CompareTo(least) >= 0 && value.CompareTo(most) <= 0
            ? value
            : throw new ArgumentOutOfRangeException(name, value, $"{name} must be from {least} to {most}.");
}
