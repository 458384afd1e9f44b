namespace Smtp.Core;

/// <summary>What became of a message for one recipient.</summary>
public enum DeliveryOutcome : byte
{
    /// <summary>Still open: only while the transaction runs.</summary>
    Pending,

    /// <summary>The server has taken the responsibility for it.</summary>
    Accepted,

    /// <summary>Not delivered, and may work later: a 4yz reply, a connection that broke before the end of data, or a limit of this transaction.</summary>
    TransientFailure,

    /// <summary>Not delivered, and not to be tried again as it is: a 5yz reply, or a need of the message that the server does not meet.</summary>
    PermanentFailure,

    /// <summary>
    /// The connection broke after the end of data was sent and before its reply came: the server may have taken the message
    /// (RFC 5321 §4.5.3.2.6, RFC 1047). To send it again may deliver it twice, not to send it may lose it.
    /// </summary>
    Uncertain,
}
