namespace Relay.Http;

/// <summary>Whose figures these are.</summary>
/// <param name="Grain">How long the time is.</param>
/// <param name="Tag">A tag; null for all messages together, each counted once however many tags it has.</param>
/// <param name="Recipient">A recipient domain; null for all together.</param>
/// <param name="Sender">The sender domain.</param>
/// <param name="Start">The first second of the time, Unix.</param>
internal readonly record struct FigureKey(FigureGrain Grain, string? Tag, string? Recipient, string Sender, long Start);
