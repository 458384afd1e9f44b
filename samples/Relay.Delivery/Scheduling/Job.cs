using Relay.Spool;

namespace Relay.Delivery;

/// <summary>A lease on its way out.</summary>
internal sealed class Job(Lease lease, MailPath path)
{
    /// <summary>What is to be sent.</summary>
    internal Lease Lease => lease;

    /// <summary>Which way.</summary>
    internal MailPath Path => path;

    /// <summary>How often it was put back because the connection was of no use, which is no attempt of the message's.</summary>
    internal int PutBacks { get; set; }

    /// <summary>Whether an operator wants an attempt now.</summary>
    internal bool MustTry => lease.Recipients.Any(r => r.MustTry);

    /// <summary>How urgent it is among those for the same site: see <see cref="FairQueue{T}"/>.</summary>
    internal int Rank
    {
        get
        {
            MessageFacts facts = lease.Message.Facts;
            if (facts.Priority == MessagePriority.High)
            {
                return 3;
            }

            bool isFresh = lease.Recipients[0].Attempts == 0;
            bool canWait = facts.Priority == MessagePriority.Low || facts.Stream == MessageFacts.BulkStream;
            return canWait ? (isFresh ? 1 : 0) : isFresh ? 2 : 1;
        }
    }
}
