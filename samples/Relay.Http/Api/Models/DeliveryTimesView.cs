namespace Relay.Http;

/// <summary>Milliseconds from accepting to delivered, to within a twelfth.</summary>
/// <param name="P50">Half of all within.</param>
/// <param name="P90">Nine of ten within.</param>
/// <param name="P95">95 of a hundred within.</param>
/// <param name="P99">99 of a hundred within.</param>
public sealed record DeliveryTimesView(long P50, long P90, long P95, long P99);
