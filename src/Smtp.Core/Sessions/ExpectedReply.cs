namespace Smtp.Core;

/// <summary>A reply that is owed for something sent.</summary>
/// <param name="Stage">What it will answer.</param>
/// <param name="Recipient">Which recipient's RCPT, or LMTP's final reply for which recipient; 0 for all else.</param>
/// <param name="Length">The octets of the command, which count against the window until they are answered.</param>
internal readonly record struct ExpectedReply(SmtpStage Stage, int Recipient, int Length);
