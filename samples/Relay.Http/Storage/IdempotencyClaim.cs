namespace Relay.Http;

/// <summary>What is known of an <c>Idempotency-Key</c>.</summary>
/// <param name="State">What to do.</param>
/// <param name="Ids">The ids of the messages that the request makes: the same ones whenever it is tried again.</param>
/// <param name="Status">The status of the first answer; 0 if there is none yet.</param>
/// <param name="Body">The first answer; null if there is none yet.</param>
internal sealed record IdempotencyClaim(IdempotencyState State, IReadOnlyList<string> Ids, int Status = 0, byte[]? Body = null)
{
    /// <summary>What tells this claim from a later one of the same key; null where it need not be let go of.</summary>
    internal object? Token { get; init; }
}
