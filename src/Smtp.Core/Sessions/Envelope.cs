using System.Buffers;

namespace Smtp.Core;

/// <summary>
/// The envelope of one mail transaction (RFC 5321 §2.3.1): what MAIL and the RCPTs said. Its text lies in one rented array, which goes
/// back when the transaction ends: copy what must live longer.
/// </summary>
public sealed class Envelope
{
    private const int InitialArenaLength = 256;
    private const int InitialRecipients = 4;

    // Arrays that the arena outgrew. Paths that were handed out before still look at them: they go back when the transaction ends.
    private List<byte[]>? _outgrown;

    private byte[] _arena = [];
    private int _used;
    private RecipientSlot[] _recipients = [];
    private Range _reversePath;
    private int _reverseLocalPartLength;
    private Range _envelopeId;
    private Range _submitter;
    private RecipientSlot _staged;
    private int _usedBeforeStaging;

    /// <summary>The reverse-path: where notifications go; null (<c>&lt;&gt;</c>) for notifications themselves.</summary>
    public SmtpPath ReversePath => new(Text(_reversePath), _reverseLocalPartLength);

    /// <summary>MAIL's BODY.</summary>
    public BodyType Body { get; private set; }

    /// <summary>MAIL's SIZE in octets as declared, or -1.</summary>
    public long DeclaredSize { get; private set; } = -1;

    /// <summary>Whether MAIL had SMTPUTF8 (RFC 6531).</summary>
    public bool SmtpUtf8 { get; private set; }

    /// <summary>Whether MAIL had REQUIRETLS (RFC 8689).</summary>
    public bool RequireTls { get; private set; }

    /// <summary>MAIL's RET (RFC 3461 §4.3).</summary>
    public DsnReturn Return { get; private set; }

    /// <summary>MAIL's ENVID in xtext (RFC 3461 §4.4); empty if not given.</summary>
    public ReadOnlyMemory<byte> EnvelopeId => Text(_envelopeId);

    /// <summary>MAIL's AUTH in xtext, or <c>&lt;&gt;</c> (RFC 4954 §5); empty if not given.</summary>
    public ReadOnlyMemory<byte> Submitter => Text(_submitter);

    /// <summary>How many recipients were accepted.</summary>
    public int RecipientCount { get; private set; }

    /// <summary>An accepted recipient, in the order of the RCPTs.</summary>
    public EnvelopeRecipient this[int index]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfNegative(index);
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, RecipientCount);
            return View(_recipients[index]);
        }
    }

    /// <summary>The recipient of the RCPT that is being decided; not yet among the accepted ones.</summary>
    internal EnvelopeRecipient StagedRecipient => View(_staged);

    /// <summary>Copies the accepted recipients' paths, for programs that want to keep them.</summary>
    public IReadOnlyList<SmtpPath> CopyForwardPaths()
    {
        var paths = new SmtpPath[RecipientCount];
        for (int i = 0; i < paths.Length; i++)
        {
            paths[i] = this[i].ForwardPath.ToOwned();
        }

        return paths;
    }

    /// <summary>Takes MAIL's arguments. The session's phase says whether they are accepted.</summary>
    internal void SetSender(in MailArguments arguments)
    {
        _reversePath = Append(arguments.Mailbox);
        _reverseLocalPartLength = arguments.LocalPartLength;
        _envelopeId = Append(arguments.EnvelopeId);
        _submitter = Append(arguments.Submitter);
        Body = arguments.Body;
        DeclaredSize = arguments.Size;
        SmtpUtf8 = arguments.SmtpUtf8;
        RequireTls = arguments.RequireTls;
        Return = arguments.Return;
    }

    /// <summary>Takes RCPT's arguments for the decision.</summary>
    internal void StageRecipient(in RcptArguments arguments)
    {
        _usedBeforeStaging = _used;
        _staged = new RecipientSlot(
            Append(arguments.Mailbox), arguments.LocalPartLength, arguments.Notify, Append(arguments.OriginalRecipient));
    }

    internal void AcceptStagedRecipient()
    {
        if (RecipientCount == _recipients.Length)
        {
            GrowRecipients();
        }

        _recipients[RecipientCount++] = _staged;
    }

    internal void DropStagedRecipient() => _used = _usedBeforeStaging;

    /// <summary>Forgets the transaction, wholly and in one place.</summary>
    internal void Reset()
    {
        if (_arena.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_arena);
            _arena = [];
        }

        if (_outgrown is not null)
        {
            foreach (byte[] outgrown in _outgrown)
            {
                ArrayPool<byte>.Shared.Return(outgrown);
            }

            _outgrown.Clear();
        }

        if (_recipients.Length > 0)
        {
            ArrayPool<RecipientSlot>.Shared.Return(_recipients);
            _recipients = [];
        }

        _used = 0;
        _reversePath = default;
        _reverseLocalPartLength = 0;
        _envelopeId = default;
        _submitter = default;
        _staged = default;
        _usedBeforeStaging = 0;
        RecipientCount = 0;
        Body = BodyType.SevenBit;
        DeclaredSize = -1;
        SmtpUtf8 = false;
        RequireTls = false;
        Return = DsnReturn.Unspecified;
    }

    private void GrowRecipients()
    {
        RecipientSlot[] larger = ArrayPool<RecipientSlot>.Shared.Rent(Math.Max(InitialRecipients, RecipientCount * 2));
        _recipients.CopyTo(larger, 0);
        if (_recipients.Length > 0)
        {
            ArrayPool<RecipientSlot>.Shared.Return(_recipients);
        }

        _recipients = larger;
    }

    private void GrowArena(int wanted)
    {
        byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(InitialArenaLength, (_used + wanted) * 2));
        _arena.AsSpan(0, _used).CopyTo(larger);
        if (_arena.Length > 0)
        {
            (_outgrown ??= []).Add(_arena);
        }

        _arena = larger;
    }

    private Range Append(ReadOnlySpan<byte> text)
    {
        if (text.IsEmpty)
        {
            return default;
        }

        if (_arena.Length - _used < text.Length)
        {
            GrowArena(text.Length);
        }

        text.CopyTo(_arena.AsSpan(_used));
        var range = new Range(_used, text.Length);
        _used += text.Length;
        return range;
    }

    private ReadOnlyMemory<byte> Text(Range range) => _arena.AsMemory(range.Start, range.Length);

    private EnvelopeRecipient View(in RecipientSlot slot) =>
        new(new SmtpPath(Text(slot.ForwardPath), slot.LocalPartLength), slot.Notify, Text(slot.OriginalRecipient));

    private readonly record struct Range(int Start, int Length);

    private readonly record struct RecipientSlot(Range ForwardPath, int LocalPartLength, DsnNotify Notify, Range OriginalRecipient);
}
