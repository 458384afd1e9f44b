using System.Collections;

namespace Smtp.Core;

/// <summary>
/// What is known of a mail transaction, recipient by recipient. A <see cref="ClientSession"/> fills it; the same instance can be filled
/// again and again, which then allocates nothing.
/// </summary>
public sealed class TransactionReport : IReadOnlyList<RecipientReport>
{
    private Slot[] _slots = [];
    private byte[] _arena = [];
    private int _used;
    private Range _last;

    /// <summary>How many recipients the message has.</summary>
    public int Count { get; private set; }

    /// <summary>A recipient's report, in the order of the envelope.</summary>
    public RecipientReport this[int index]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfNegative(index);
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count);
            ref readonly Slot slot = ref _slots[index];
            return new RecipientReport(slot.ForwardPath, slot.Outcome, slot.Stage, slot.Refusal, Reply(slot.Reply));
        }
    }

    /// <summary>Whether the server has taken the message for every recipient.</summary>
    public bool IsAccepted => CountOf(DeliveryOutcome.Accepted) == Count && Count > 0;

    /// <summary>Whether it is unknown for some recipient if the server has taken the message: see <see cref="DeliveryOutcome.Uncertain"/>.</summary>
    public bool MayHaveBeenCommitted => CountOf(DeliveryOutcome.Uncertain) > 0;

    /// <summary>How many recipients have this outcome.</summary>
    public int CountOf(DeliveryOutcome outcome)
    {
        int count = 0;
        for (int i = 0; i < Count; i++)
        {
            count += _slots[i].Outcome == outcome ? 1 : 0;
        }

        return count;
    }

    /// <inheritdoc/>
    public IEnumerator<RecipientReport> GetEnumerator()
    {
        for (int i = 0; i < Count; i++)
        {
            yield return this[i];
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>
    /// Says of every recipient that the message could not be sent for now, because there was no connection to send it over; or that it was sent
    /// and no answer is known, because it was not waited for.
    /// </summary>
    /// <param name="envelope">The message's envelope.</param>
    /// <param name="stage">
    /// What failed, before MAIL; or <see cref="SmtpStage.FinalReply"/>, which leaves it <see cref="DeliveryOutcome.Uncertain"/>.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException">Any other stage.</exception>
    public void Fail(OutgoingEnvelope envelope, SmtpStage stage)
    {
        ArgumentNullException.ThrowIfNull(envelope);
        if (stage is >= SmtpStage.Mail and not SmtpStage.FinalReply)
        {
            throw new ArgumentOutOfRangeException(nameof(stage), stage, "What can be said without a dialogue is a stage before MAIL, or the final reply.");
        }

        Start(envelope);
        BreakPending(stage);
    }

    /// <summary>Starts over for an envelope: every recipient pending.</summary>
    internal void Start(OutgoingEnvelope envelope)
    {
        int count = envelope.Recipients.Count;
        if (_slots.Length < count)
        {
            _slots = new Slot[Math.Max(count, _slots.Length * 2)];
        }

        for (int i = 0; i < count; i++)
        {
            _slots[i] = new Slot { ForwardPath = envelope.Recipients[i].ForwardPath };
        }

        // Paths of an earlier, longer list are let go.
        Array.Clear(_slots, count, Math.Max(0, Count - count));
        Count = count;
        _used = 0;
        _last = default;
    }

    /// <summary>Decides one recipient by a reply. One that is decided stays decided.</summary>
    internal void Decide(int index, SmtpStage stage, ReceivedReply reply)
    {
        ref Slot slot = ref _slots[index];
        if (slot.Outcome == DeliveryOutcome.Pending)
        {
            slot.Outcome = reply.Class switch
            {
                ReplyClass.Completion => DeliveryOutcome.Accepted,
                ReplyClass.PermanentFailure => DeliveryOutcome.PermanentFailure,
                _ => DeliveryOutcome.TransientFailure,
            };
            slot.Stage = stage;
            slot.Reply = Keep(reply);
        }
    }

    /// <summary>Whether a recipient is not decided yet.</summary>
    internal bool IsPending(int index) => _slots[index].Outcome == DeliveryOutcome.Pending;

    /// <summary>Decides one recipient by the client's own refusal.</summary>
    internal void Refuse(int index, SmtpStage stage, SendRefusal refusal)
    {
        ref Slot slot = ref _slots[index];
        if (slot.Outcome == DeliveryOutcome.Pending)
        {
            slot.Outcome = refusal.ToStatus().Class == 4 ? DeliveryOutcome.TransientFailure : DeliveryOutcome.PermanentFailure;
            slot.Stage = stage;
            slot.Refusal = refusal;
        }
    }

    /// <summary>Decides all pending recipients by one reply.</summary>
    internal void DecidePending(SmtpStage stage, ReceivedReply reply)
    {
        for (int i = 0; i < Count; i++)
        {
            Decide(i, stage, reply);
        }
    }

    /// <summary>Decides the pending recipients from an index on by the client's own refusal.</summary>
    internal void RefusePending(int from, SmtpStage stage, SendRefusal refusal)
    {
        for (int i = from; i < Count; i++)
        {
            Refuse(i, stage, refusal);
        }
    }

    /// <summary>Decides the pending recipients because the connection is gone.</summary>
    internal void BreakPending(SmtpStage stage)
    {
        DeliveryOutcome outcome = stage == SmtpStage.FinalReply ? DeliveryOutcome.Uncertain : DeliveryOutcome.TransientFailure;
        for (int i = 0; i < Count; i++)
        {
            ref Slot slot = ref _slots[i];
            if (slot.Outcome == DeliveryOutcome.Pending)
            {
                slot.Outcome = outcome;
                slot.Stage = stage;
            }
        }
    }

    /// <summary>Copies a reply. Servers answer a list of recipients with the same words, which are then kept once.</summary>
    private Range Keep(ReceivedReply reply)
    {
        ReadOnlySpan<byte> octets = reply.Octets;
        if (octets.SequenceEqual(_arena.AsSpan(_last.Start, _last.Length)))
        {
            return _last;
        }

        if (_arena.Length - _used < octets.Length)
        {
            Array.Resize(ref _arena, Math.Max(_used + octets.Length, _arena.Length * 2));
        }

        octets.CopyTo(_arena.AsSpan(_used));
        _last = new Range(_used, octets.Length);
        _used += octets.Length;
        return _last;
    }

    private ReceivedReply Reply(Range range) => new(_arena.AsMemory(range.Start, range.Length));

    private readonly record struct Range(int Start, int Length);

    private struct Slot
    {
        internal SmtpPath ForwardPath;
        internal DeliveryOutcome Outcome;
        internal SmtpStage Stage;
        internal SendRefusal Refusal;
        internal Range Reply;
    }
}
