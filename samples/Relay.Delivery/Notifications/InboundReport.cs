namespace Relay.Delivery;

/// <summary>What a message that came to a return path says.</summary>
/// <param name="IsComplaint">Whether a reader marked the message as spam (RFC 5965); then there are no recipients.</param>
/// <param name="Recipients">What became of recipients; empty where nothing can be told from it, as of an automatic answer.</param>
public sealed record InboundReport(bool IsComplaint, IReadOnlyList<ReportedRecipient> Recipients);
