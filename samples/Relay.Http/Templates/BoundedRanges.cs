using Fluid;
using Fluid.Ast;
using Fluid.Values;

namespace Relay.Http;

/// <summary>
/// Bounds Liquid's ranges: <c>(1..n)</c> is made whole before the first step of its loop is counted, and <c>n</c> may come from whoever sends.
/// </summary>
internal sealed class BoundedRanges : AstRewriter
{
    private const int Longest = 10_000;

    /// <inheritdoc/>
    protected override Expression VisitRangeExpression(RangeExpression rangeExpression) => new BoundedRange(rangeExpression);

    private sealed class BoundedRange(RangeExpression range) : Expression
    {
        public override async ValueTask<FluidValue> EvaluateAsync(TemplateContext context)
        {
            decimal from = (await range.From.EvaluateAsync(context).ConfigureAwait(false)).ToNumberValue();
            decimal to = (await range.To.EvaluateAsync(context).ConfigureAwait(false)).ToNumberValue();
            return to - from < Longest
                ? await range.EvaluateAsync(context).ConfigureAwait(false)
                : throw new InvalidOperationException($"A range has at most {Longest} numbers.");
        }
    }
}
