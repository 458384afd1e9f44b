namespace Relay.Http;

/// <summary>What a server said.</summary>
/// <param name="Code">The reply code; null if there was no reply.</param>
/// <param name="EnhancedCode">The enhanced status code (RFC 3463); null if there was none.</param>
/// <param name="Text">The text.</param>
/// <param name="Host">Who said it; null for this relay.</param>
public sealed record ReplyView(int? Code, string? EnhancedCode, string Text, string? Host);
