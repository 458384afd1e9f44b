namespace Smtp.Core;

/// <summary>The first digit of a reply code (RFC 5321 §4.2.1).</summary>
public enum ReplyClass : byte
{
    /// <summary>No reply at all: <c>default(SmtpReply)</c>.</summary>
    None = 0,

    /// <summary>2yz: done.</summary>
    Completion = 2,

    /// <summary>3yz: go on.</summary>
    Intermediate = 3,

    /// <summary>4yz: not done, may work later.</summary>
    TransientFailure = 4,

    /// <summary>5yz: not done, and not to be tried again as it is.</summary>
    PermanentFailure = 5,
}
