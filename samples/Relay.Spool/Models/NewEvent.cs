namespace Relay.Spool;

/// <summary>An event that comes from outside of the queue, such as a complaint, an open or a late bounce.</summary>
/// <param name="MessageId">The message.</param>
/// <param name="RecipientIndex">The recipient's place in the envelope.</param>
/// <param name="Type">What happened.</param>
/// <param name="BounceClass">Of a refusal, what it is about.</param>
/// <param name="Reason">One word; empty if there is none.</param>
/// <param name="Reply">What was said.</param>
public sealed record NewEvent(
    MessageId MessageId, int RecipientIndex, SpoolEventType Type, BounceClass BounceClass = BounceClass.None, string Reason = "", RecipientReply? Reply = null);
