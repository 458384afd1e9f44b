namespace Relay.Delivery;

/// <summary>What a message that came to a return path says.</summary>
/// <param name="IsComplaint">Whether a reader marked the message as spam (RFC 5965); then there are no recipients.</param>
/// <param name="Recipients">What became of recipients; empty where nothing can be told from it, as of an automatic answer.</param>
public sealed record InboundReport(bool IsComplaint, IReadOnlyList<ReportedRecipient> Recipients)
{
    /// <summary>Whether it is an answer that a program made, such as that of somebody on holiday, and no bounce.</summary>
    public bool IsAutomaticAnswer { get; init; }

    /// <summary>The beginning of its text, for bounces that are no reports; empty without one.</summary>
    public string Text { get; init; } = string.Empty;
}
