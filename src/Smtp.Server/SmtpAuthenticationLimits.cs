namespace Smtp.Server;

/// <summary>
/// How many AUTH exchanges may fail over all sessions, against guessing. What is over the bound is answered 454 4.7.0 without a look at the credentials, so that
/// the right ones are not found either. Each bound is a bucket: so many failures at once, and one more each <see cref="Period"/> divided by their number.
/// </summary>
public sealed class SmtpAuthenticationLimits
{
    /// <summary>
    /// The failures from one remote address, an IPv6 /64 being one; behind a trusted proxy the client's. Default 20. 0 for no bound. Unix sockets and pipes
    /// have none.
    /// </summary>
    public int FailuresPerAddress
    {
        get;
        init => field = NotNegative(value, nameof(FailuresPerAddress));
    } = 20;

    /// <summary>
    /// The failures of one account from all addresses, known accounts or not, in upper and lower case alike. An address that proved to be the account's within
    /// the last 7 days is not held back by it, so that nobody can lock a user out by guessing. Default 20. 0 for no bound.
    /// </summary>
    public int FailuresPerAccount
    {
        get;
        init => field = NotNegative(value, nameof(FailuresPerAccount));
    } = 20;

    /// <summary>How long a bucket takes to be as before the first failure. Default 10 minutes; from 1 second to 1 day.</summary>
    public TimeSpan Period
    {
        get;
        init => field = value >= TimeSpan.FromSeconds(1) && value <= TimeSpan.FromDays(1)
            ? value
            : throw new ArgumentOutOfRangeException(nameof(Period), value, "Period must be from 1 second to 1 day.");
    } = TimeSpan.FromMinutes(10);

    /// <summary>
    /// How many addresses and how many accounts are remembered at most; the oldest are forgotten first. Default 100000, which is less than 32 MB when
    /// all is taken. At least 1000.
    /// </summary>
    public int MaximumRemembered
    {
        get;
        init => field = value >= 1000 ? value : throw new ArgumentOutOfRangeException(nameof(MaximumRemembered), value, "MaximumRemembered must be at least 1000.");
    } = 100_000;

    private static int NotNegative(int value, string name) =>
        value >= 0 ? value : throw new ArgumentOutOfRangeException(name, value, $"{name} must be 0 or more.");
}
