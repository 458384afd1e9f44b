namespace Relay.Http;

/// <summary>Whose figures these are.</summary>
/// <param name="Kind">Which of the following are told apart.</param>
/// <param name="Tag">The tag; empty where tags are not told apart. In sums by sender and recipient domain the sender, so that one sender's rows lie together.</param>
/// <param name="Recipient">The recipient domain; empty likewise.</param>
/// <param name="Sender">The sender domain; empty likewise.</param>
/// <param name="Grain">How long the time is.</param>
/// <param name="Start">The first second of the time, Unix.</param>
internal readonly record struct FigureKey(FigureKind Kind, string Tag, string Recipient, string Sender, FigureGrain Grain, long Start);
