using System.Diagnostics.CodeAnalysis;

namespace Relay.Delivery;

/// <summary>A rules file cannot be read, or is wrong.</summary>
/// <param name="problems">A sentence for each thing that is wrong, with its line.</param>
/// <param name="inner">What led to it; null for nothing.</param>
[SuppressMessage("Design", "CA1032", Justification = "Without what is wrong it would say nothing.")]
public sealed class DeliveryRulesException(IReadOnlyList<string> problems, Exception? inner = null) : Exception(string.Join(' ', problems), inner)
{
    /// <summary>A sentence for each thing that is wrong, with its line.</summary>
    public IReadOnlyList<string> Problems => problems;
}
