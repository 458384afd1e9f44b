namespace Smtp.Core.Tests;

/// <summary>A message that a session committed.</summary>
/// <param name="Envelope">One line for the sender and one a recipient, as <see cref="EnvelopeText"/> writes them.</param>
/// <param name="Content">The octets, one a character.</param>
internal sealed record SessionMessage(string Envelope, string Content)
{
    /// <summary>The content as a reader of a report wants to see it.</summary>
    public override string ToString() => $"{Envelope} {Wire.Show(Wire.Encode(Content))}";
}
