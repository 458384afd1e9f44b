using Relay.Spool;

namespace Relay.Http;

/// <summary>
/// Recipients that never leave the host and end as their name says: <c>delivered@</c>, <c>deferred@</c>, <c>bounced@</c>, <c>soft-bounced@</c>,
/// <c>complained@</c>, <c>suppressed@simulator.test</c>, each with <c>+anything</c> behind the name. RFC 2606 §2 keeps <c>.test</c> for this. All recipients
/// of a test message are simulated; those whose name says nothing are delivered.
/// </summary>
internal static class Simulator
{
    /// <summary>The domain of simulated recipients.</summary>
    internal const string Domain = "simulator.test";

    private const string Host = "simulator";

    // Often enough to see, soon enough to wait for.
    private const int Deferrals = 2;
    private static readonly TimeSpan Delay = TimeSpan.FromSeconds(2);

    /// <summary>Whether a destination is simulated.</summary>
    internal static bool IsSimulated(string destination) => destination.Equals(Domain, StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether a lease is to be ended here and never delivered.</summary>
    internal static bool IsSimulated(Lease lease) => lease.Message.Facts.IsTest || IsSimulated(lease.Destination);

    /// <summary>What becomes of a leased recipient.</summary>
    /// <param name="recipient">The recipient.</param>
    /// <param name="now">The queue's time.</param>
    /// <param name="complains">Whether it complains after it is delivered.</param>
    internal static RecipientOutcome Outcome(StoredRecipient recipient, DateTimeOffset now, out bool complains)
    {
        string name = Name(recipient.ForwardPath);
        complains = name == "complained";
        return name switch
        {
            _ when recipient.MustBounce => Outcome(RecipientState.Bounced, BounceClass.Hard, "operator", 550, "5.0.0", "Returned by the operator (simulated)"),
            "deferred" when recipient.Attempts < Deferrals =>
                Outcome(RecipientState.Queued, BounceClass.Soft, "greylisted", 450, "4.2.0", "Try again later (simulated)") with { NextAttemptAt = now + Delay },
            "bounced" => Outcome(RecipientState.Bounced, BounceClass.Hard, "recipient", 550, "5.1.1", "No such user (simulated)"),
            "soft-bounced" => Outcome(RecipientState.Bounced, BounceClass.Soft, "mailbox-full", 552, "5.2.2", "Mailbox full (simulated)"),
            "suppressed" => Outcome(RecipientState.Suppressed, BounceClass.None, "manual", 0, string.Empty, "On the suppression list (simulated)"),
            _ => Outcome(RecipientState.Delivered, BounceClass.None, string.Empty, 250, "2.0.0", "Delivered (simulated)"),
        };

        RecipientOutcome Outcome(RecipientState state, BounceClass kind, string reason, int code, string enhanced, string text) => new(
            recipient.Index, state, new RecipientReply(code, enhanced, text, Host))
        {
            BounceClass = kind,
            Reason = reason,
        };
    }

    private static string Name(string forwardPath)
    {
        int at = forwardPath.LastIndexOf('@');
        if (at < 0 || !IsSimulated(forwardPath[(at + 1)..]))
        {
            return string.Empty;
        }

        string name = forwardPath[..at].ToLowerInvariant();
        int plus = name.IndexOf('+', StringComparison.Ordinal);
        return plus < 0 ? name : name[..plus];
    }
}
