namespace Smtp.Core;

/// <summary>One recipient of a mail transaction. Valid as long as the transaction.</summary>
/// <param name="ForwardPath">Where the message is to go.</param>
/// <param name="Notify">When to tell the sender of this recipient's fate.</param>
/// <param name="OriginalRecipient">ORCPT as written, <c>addr-type ";" xtext</c>; empty if not given.</param>
public readonly record struct EnvelopeRecipient(SmtpPath ForwardPath, DsnNotify Notify, ReadOnlyMemory<byte> OriginalRecipient)
{
    /// <summary>Whether both are the same octets, wherever they lie.</summary>
    public bool Equals(EnvelopeRecipient other) =>
        ForwardPath == other.ForwardPath && Notify == other.Notify && OriginalRecipient.Span.SequenceEqual(other.OriginalRecipient.Span);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(ForwardPath, Notify, OriginalRecipient.Length);
}
