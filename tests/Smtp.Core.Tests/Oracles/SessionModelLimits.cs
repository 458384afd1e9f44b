namespace Smtp.Core.Tests;

/// <summary>What a <see cref="SessionModel"/> is bound by.</summary>
/// <param name="LongestLine">The longest line that is read at all, with CRLF.</param>
/// <param name="CommandLine">The longest command but AUTH, with CRLF.</param>
/// <param name="MessageSize">The largest message.</param>
/// <param name="Recipients">The most recipients of a message.</param>
/// <param name="Errors">How many refusals may come between messages.</param>
/// <param name="Unproductive">How many commands without mail may come between messages.</param>
/// <param name="FailedLogins">Which failed login closes.</param>
/// <param name="RefusedMailbox">The mailbox that the policy refuses as a sender and as a recipient.</param>
/// <param name="PostponedMailbox">The mailbox that the policy does not take now.</param>
internal sealed record SessionModelLimits(
    int LongestLine,
    int CommandLine,
    long MessageSize,
    int Recipients,
    int Errors,
    int Unproductive,
    int FailedLogins,
    string RefusedMailbox,
    string PostponedMailbox);
