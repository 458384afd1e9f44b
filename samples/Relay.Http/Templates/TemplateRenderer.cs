using System.Collections.Concurrent;
using System.Text.Encodings.Web;
using System.Text.Json;
using Fluid;
using Fluid.Values;

namespace Relay.Http;

/// <summary>Renders Liquid. Templates read nothing but their variables: no files, no members of objects of this program.</summary>
internal sealed class TemplateRenderer
{
    /// <summary>The longest source of one text, in characters.</summary>
    internal const int LongestSource = 512 * 1024;

    // A loop of a template must end: this many statements are a template of thousands of lines.
    private const int MaximumSteps = 100_000;

    private static readonly BoundedParser Parser = new();

    private const int MaximumParsed = 2_000;

    private readonly ConcurrentDictionary<string, IFluidTemplate> _parsed = new(StringComparer.Ordinal);

    /// <summary>Says what is wrong with a template's sources.</summary>
    internal static void Check(string? subject, string? text, string? html, List<FieldError> errors)
    {
        if (subject is null)
        {
            errors.Add(new FieldError("subject", "A template needs a subject."));
        }

        if (text is null && html is null)
        {
            errors.Add(new FieldError("text", "A template needs text or html."));
        }

        foreach ((string field, string? source) in (ReadOnlySpan<(string, string?)>)[("subject", subject), ("text", text), ("html", html)])
        {
            if (source is { Length: > LongestSource })
            {
                errors.Add(new FieldError(field, $"A template's text has at most {LongestSource} characters."));
            }
            else if (source is not null && !Parser.TryParse(source, out _, out string error))
            {
                errors.Add(new FieldError(field, $"This is not Liquid: {MessageLabels.Printable(error)}"));
            }
        }
    }

    /// <summary>Renders a template.</summary>
    /// <param name="template">The template.</param>
    /// <param name="variables">A JSON object; null for no variables.</param>
    /// <param name="allowMissing">Whether a variable that is not there is empty instead of an error.</param>
    /// <param name="errors">Takes what is wrong, a variable each.</param>
    /// <returns>The texts; null if something is wrong.</returns>
    internal async ValueTask<RenderedTemplate?> RenderAsync(MailTemplate template, JsonElement? variables, bool allowMissing, List<FieldError> errors)
    {
        if (variables is { ValueKind: not (JsonValueKind.Object or JsonValueKind.Null or JsonValueKind.Undefined) })
        {
            errors.Add(new FieldError("variables", "The variables are a JSON object."));
            return null;
        }

        var missing = new SortedSet<string>(StringComparer.Ordinal);
        var model = new Dictionary<string, FluidValue>(StringComparer.Ordinal);
        if (variables is { ValueKind: JsonValueKind.Object } given)
        {
            try
            {
                foreach (JsonProperty property in given.EnumerateObject())
                {
                    model[property.Name] = TemplateVariables.Value(property.Value, property.Name + ".", missing);
                }
            }
            catch (InvalidOperationException)
            {
                // JSON whose escapes are half of a surrogate pair is read only when its texts are.
                errors.Add(new FieldError("variables", "A text is not valid Unicode: it has half of a surrogate pair."));
                return null;
            }
        }

        string? subject = await RenderAsync("subject", template.Subject, model, NullEncoder.Default, missing, errors).ConfigureAwait(false);
        string? text = await RenderAsync("text", template.Text, model, NullEncoder.Default, missing, errors).ConfigureAwait(false);
        string? html = await RenderAsync("html", template.Html, model, HtmlEncoder.Default, missing, errors).ConfigureAwait(false);
        if (!allowMissing)
        {
            errors.AddRange(missing.Select(name => new FieldError($"variables.{MessageLabels.Printable(name)}", "The template uses this variable, and it is not given.")));
        }

        return errors.Count > 0 ? null : new RenderedTemplate(subject!.ReplaceLineEndings(" ").Trim(), text, html);
    }

    private async ValueTask<string?> RenderAsync(
        string field,
        string? source,
        Dictionary<string, FluidValue> model,
        TextEncoder encoder,
        SortedSet<string> missing,
        List<FieldError> errors)
    {
        if (source is null)
        {
            return null;
        }

        var options = new TemplateOptions
        {
            MaxSteps = MaximumSteps,
            Undefined = name =>
            {
                missing.Add(name);
                return ValueTask.FromResult<FluidValue>(NilValue.Instance);
            },
        };
        try
        {
            IFluidTemplate parsed = Parsed(source);
            var context = new TemplateContext(options);
            TemplateBudget.Set(context);
            foreach ((string name, FluidValue value) in model)
            {
                context.SetValue(name, value);
            }

            return await parsed.RenderAsync(context, encoder, true).ConfigureAwait(false);
        }
        catch (Exception error) when (error is InvalidOperationException or FluidException or ParseException or FormatException or ArgumentException or OverflowException)
        {
            errors.Add(new FieldError(field, $"The template cannot be rendered: {MessageLabels.Printable(error.Message)}"));
            return null;
        }
    }

    private IFluidTemplate Parsed(string source)
    {
        if (_parsed.TryGetValue(source, out IFluidTemplate? parsed))
        {
            return parsed;
        }

        if (_parsed.Count >= MaximumParsed)
        {
            _parsed.Clear();
        }

        return _parsed.GetOrAdd(source, new TemplateLimiter().VisitTemplate(Parser.Parse(source)));
    }
}
