namespace Smtp.Core;

/// <summary>Where the parts of a path stand in the text that was parsed. Offsets and lengths are in octets.</summary>
/// <param name="Start">Where the mailbox starts, behind the bracket and a source route.</param>
/// <param name="Length">The mailbox's length; 0 for the null path.</param>
/// <param name="LocalPartLength">The length of the local part, quotes included.</param>
/// <param name="Consumed">How much of the text the path took, closing bracket included.</param>
/// <param name="HasUtf8">Whether an octet of the path, source route included, is not ASCII.</param>
public readonly record struct ParsedPath(int Start, int Length, int LocalPartLength, int Consumed, bool HasUtf8);
