using System.Text.Encodings.Web;
using Fluid;
using Fluid.Ast;
using Fluid.Values;

namespace Relay.Http;

/// <summary>Puts the bounds of <see cref="TemplateBudget"/> into a parsed template: on all that is written, and on ranges, which are made whole before a loop over them begins.</summary>
internal sealed class TemplateLimiter : AstRewriter
{
    /// <summary>How long a range is at most.</summary>
    internal const int LongestRange = 10_000;

    /// <inheritdoc/>
    protected override Statement VisitOutputStatement(OutputStatement outputStatement) => new Charged(base.VisitOutputStatement(outputStatement));

    /// <inheritdoc/>
    protected override Statement VisitTextSpanStatement(TextSpanStatement textSpanStatement) => new Charged(textSpanStatement);

    /// <inheritdoc/>
    protected override Expression VisitRangeExpression(RangeExpression rangeExpression) => new BoundedRange(base.VisitRangeExpression(rangeExpression));

    private sealed class Charged(Statement statement) : Statement
    {
        public override ValueTask<Completion> WriteToAsync(TextWriter output, TextEncoder encoder, TemplateContext context) =>
            statement.WriteToAsync(TemplateBudget.Of(context).Charging(output), encoder, context);
    }

    private sealed class BoundedRange(Expression range) : Expression
    {
        public override async ValueTask<FluidValue> EvaluateAsync(TemplateContext context)
        {
            if (range is RangeExpression { From: { } first, To: { } last })
            {
                decimal from = (await first.EvaluateAsync(context).ConfigureAwait(false)).ToNumberValue();
                decimal to = (await last.EvaluateAsync(context).ConfigureAwait(false)).ToNumberValue();
                if (to - from >= LongestRange)
                {
                    throw new InvalidOperationException($"A range has at most {LongestRange} numbers.");
                }
            }

            return await range.EvaluateAsync(context).ConfigureAwait(false);
        }
    }
}
