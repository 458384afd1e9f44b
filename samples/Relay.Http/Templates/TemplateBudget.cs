using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using Fluid;
using Fluid.Values;

namespace Relay.Http;

/// <summary>
/// What one text of a template may make, in characters: of its output, of what it captures and of what its filters give. Steps alone bound nothing: forty
/// doublings of a text are forty steps. For one rendering; used by one thread at a time.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "The writer holds nothing: it passes on.")]
internal sealed class TemplateBudget
{
    /// <summary>How many characters, and items of lists, are made at most.</summary>
    internal const int Most = 16 * 1024 * 1024;

    // A width in a date's or number's format, such as %1000000000d, makes as many characters.
    private const int LongestFormat = 200;
    private const int MostDigits = 3;

    private const string AmbientName = "budget";

    // How a filter whose output is not in proportion to what it gets is charged: before it runs.
    private static readonly Dictionary<string, Func<FluidValue, FilterArguments, TemplateContext, long>> Costs = new(StringComparer.OrdinalIgnoreCase)
    {
        ["replace"] = Replace,
        ["replace_first"] = (input, arguments, context) => SizeOf(input, context) + SizeOf(arguments.At(1), context),
        ["replace_last"] = (input, arguments, context) => SizeOf(input, context) + SizeOf(arguments.At(1), context),
        ["join"] = Join,
        ["date"] = Format,
        ["format_date"] = Format,
        ["format_number"] = Format,
        ["format_string"] = FormatString,
        ["newline_to_br"] = (input, _, context) => SizeOf(input, context) * 7,
    };

    private readonly BudgetWriter _writer;
    private long _left = Most;

    private TemplateBudget() => _writer = new BudgetWriter(this);

    /// <summary>Puts a budget into a context, and charges the filters of its options.</summary>
    internal static void Set(TemplateContext context)
    {
        var budget = new TemplateBudget();
        context.AmbientValues[AmbientName] = budget;
        foreach ((string name, FilterDelegate filter) in All(context.Options.Filters))
        {
            Func<FluidValue, FilterArguments, TemplateContext, long>? cost = Costs.GetValueOrDefault(name);
            context.Options.Filters.AddFilter(name, async (input, arguments, inner) =>
            {
                // All others make about as much as they get; some several times as much, and that is charged behind them.
                budget.Charge(cost?.Invoke(input, arguments, inner) ?? (SizeOf(input, inner) + SizeOf(arguments.At(0), inner)));
                FluidValue result = await filter(input, arguments, inner).ConfigureAwait(false);
                budget.Charge(SizeOf(result, inner));
                return result;
            });
        }
    }

    /// <summary>The budget of a context.</summary>
    internal static TemplateBudget Of(TemplateContext context) => (TemplateBudget)context.AmbientValues[AmbientName];

    /// <summary>Takes a number of characters.</summary>
    /// <exception cref="InvalidOperationException">There are not so many left.</exception>
    internal void Charge(long characters)
    {
        _left -= characters;
        if (_left < 0)
        {
            throw new InvalidOperationException($"It makes more than {Most} characters.");
        }
    }

    /// <summary>A writer that charges what passes through it. There is one: what is written by it goes to the last writer that was given.</summary>
    internal TextWriter Charging(TextWriter writer)
    {
        if (writer is BudgetWriter)
        {
            return writer;
        }

        _writer.Inner = writer;
        return _writer;
    }

    private static KeyValuePair<string, FilterDelegate>[] All(FilterCollection filters)
    {
        var all = new List<KeyValuePair<string, FilterDelegate>>(filters.Count);
        foreach (KeyValuePair<string, FilterDelegate> filter in filters)
        {
            all.Add(filter);
        }

        return [.. all];
    }

    private static long SizeOf(FluidValue value, TemplateContext context) => value switch
    {
        ArrayValue list => list.Values.Count,
        StringValue text => text.ToStringValue().Length,
        _ => 0,
    };

    private static long Replace(FluidValue input, FilterArguments arguments, TemplateContext context)
    {
        string text = input.ToStringValue();
        string old = arguments.At(0).ToStringValue();
        return text.Length + (old.Length == 0 ? 0 : (long)text.AsSpan().Count(old) * arguments.At(1).ToStringValue().Length);
    }

    private static long Join(FluidValue input, FilterArguments arguments, TemplateContext context)
    {
        if (input is not ArrayValue list)
        {
            return SizeOf(input, context);
        }

        long size = (long)list.Values.Count * SizeOf(arguments.At(0), context);
        foreach (FluidValue item in list.Values)
        {
            size += SizeOf(item, context);
        }

        return size;
    }

    private static long Format(FluidValue input, FilterArguments arguments, TemplateContext context)
    {
        CheckFormat(arguments.At(0).ToStringValue());
        return LongestFormat;
    }

    private static long FormatString(FluidValue input, FilterArguments arguments, TemplateContext context)
    {
        CheckFormat(input.ToStringValue());
        return SizeOf(input, context);
    }

    private static void CheckFormat(string format)
    {
        int digits = 0;
        foreach (char c in format)
        {
            digits = char.IsDigit(c) ? digits + 1 : 0;
            if (digits > MostDigits || format.Length > LongestFormat)
            {
                throw new InvalidOperationException($"A format has at most {LongestFormat} characters, and numbers of at most {MostDigits} digits.");
            }
        }
    }

    private sealed class BudgetWriter(TemplateBudget budget) : TextWriter(CultureInfo.InvariantCulture)
    {
        internal TextWriter Inner { get; set; } = Null;

        public override Encoding Encoding => Inner.Encoding;

        public override void Write(char value)
        {
            budget.Charge(1);
            Inner.Write(value);
        }

        public override void Write(char[] buffer, int index, int count)
        {
            budget.Charge(count);
            Inner.Write(buffer, index, count);
        }

        public override void Write(ReadOnlySpan<char> buffer)
        {
            budget.Charge(buffer.Length);
            Inner.Write(buffer);
        }

        public override void Write(string? value)
        {
            budget.Charge(value?.Length ?? 0);
            Inner.Write(value);
        }

        public override Task WriteAsync(char value)
        {
            Write(value);
            return Task.CompletedTask;
        }

        public override Task WriteAsync(string? value)
        {
            Write(value);
            return Task.CompletedTask;
        }

        public override Task WriteAsync(char[] buffer, int index, int count)
        {
            Write(buffer, index, count);
            return Task.CompletedTask;
        }

        public override Task WriteAsync(ReadOnlyMemory<char> buffer, CancellationToken cancellationToken = default)
        {
            Write(buffer.Span);
            return Task.CompletedTask;
        }
    }
}
