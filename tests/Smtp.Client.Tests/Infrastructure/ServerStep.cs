namespace Smtp.Client.Tests;

/// <summary>Where a <see cref="LoopbackServer"/> can do something.</summary>
internal enum ServerStep
{
    /// <summary>In place of the greeting.</summary>
    Greeting,

    /// <summary>In place of the reply to EHLO.</summary>
    Hello,

    /// <summary>In place of the reply to MAIL.</summary>
    Mail,

    /// <summary>In place of the reply to RCPT.</summary>
    Recipient,

    /// <summary>In place of the 354.</summary>
    Data,

    /// <summary>When the first octets of the body are there.</summary>
    Body,

    /// <summary>In place of the final reply; the message is not taken.</summary>
    Final,

    /// <summary>The message is taken; in place of the final reply.</summary>
    Committed,

    /// <summary>Behind the final reply.</summary>
    Idle,
}
