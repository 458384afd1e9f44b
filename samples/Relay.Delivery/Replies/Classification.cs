using Smtp.Core;

namespace Relay.Delivery;

/// <summary>What a refusal means.</summary>
/// <param name="IsPermanent">Whether it is not to be tried again.</param>
/// <param name="Reason">Why.</param>
/// <param name="Status">The enhanced status to report: the receiver's, or one that says the same.</param>
/// <param name="Suppresses">
/// Whether the address itself is at fault, so that no more mail is to go to it. Never for a block-list or policy refusal: that is a matter between this
/// relay and the receiver, and will pass.
/// </param>
/// <param name="IsSiteWide">Whether it says nothing of this message but of the relay's standing at the receiver: a reason to slow down.</param>
public readonly record struct Classification(bool IsPermanent, BounceReason Reason, EnhancedStatus Status, bool Suppresses, bool IsSiteWide)
{
    /// <summary><c>hard</c> or <c>soft</c>, as events say it.</summary>
    public string Class => IsPermanent ? "hard" : "soft";
}
