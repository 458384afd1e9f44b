using Fluid;
using Fluid.Ast;
using Parlot;
using Parlot.Fluent;

namespace Relay.Http;

/// <summary>
/// A Liquid parser that refuses what is nested too deeply. Fluid's own parser, and what it parsed, call themselves once more for each level: some thousands
/// of nested blocks end the whole process, which no handler can stop.
/// </summary>
internal sealed class BoundedParser : FluidParser
{
    /// <summary>How many blocks and indexes may stand in one another.</summary>
    internal const int Deepest = 100;

    /// <summary>How many filters, or operands of <c>and</c> and <c>or</c>, one expression may have.</summary>
    internal const int LongestChain = 100;

    [ThreadStatic]
    private static int _depth;

    internal BoundedParser()
    {
        // Each level passes through one of these.
        Primary.Parser = new Bounded<Expression>(Primary.Parser!, static _ => 0);
        FilterExpression.Parser = new Bounded<Expression>(FilterExpression.Parser!, Length);
        KnownTagsList.Parser = new Bounded<IReadOnlyList<Statement>>(KnownTagsList.Parser!, LongestCondition);
        AnyTagsList.Parser = new Bounded<IReadOnlyList<Statement>>(AnyTagsList.Parser!, LongestCondition);
    }

    private static int LongestCondition(IReadOnlyList<Statement> statements)
    {
        int longest = 0;
        foreach (Statement statement in statements)
        {
            if (statement is IfStatement condition)
            {
                longest = Math.Max(longest, Length(condition.Condition));
                foreach (ElseIfStatement other in condition.ElseIfs)
                {
                    longest = Math.Max(longest, Length(other.Condition));
                }
            }
            else if (statement is UnlessStatement unless)
            {
                longest = Math.Max(longest, Length(unless.Condition));
            }
        }

        return longest;
    }

    /// <summary>Filters stand to the left of one another, operands to the right.</summary>
    private static int Length(Expression expression)
    {
        int length = 0;
        for (Expression? next = expression; next is not null; length++)
        {
            next = next is FilterExpression filter ? filter.Input : next is BinaryExpression both ? both.Right : null;
        }

        return length;
    }

    private sealed class Bounded<T>(Parser<T> parser, Func<T, int> length) : Parser<T>
    {
        public override bool Parse(ParseContext context, ref ParseResult<T> result)
        {
            if (_depth >= Deepest)
            {
                throw new Parlot.ParseException($"More than {Deepest} blocks or indexes stand in one another", context.Scanner.Cursor.Position);
            }

            _depth++;
            try
            {
                if (!parser.Parse(context, ref result))
                {
                    return false;
                }
            }
            finally
            {
                _depth--;
            }

            if (length(result.Value) > LongestChain)
            {
                throw new Parlot.ParseException($"An expression has more than {LongestChain} filters or operands", context.Scanner.Cursor.Position);
            }

            return true;
        }
    }
}
