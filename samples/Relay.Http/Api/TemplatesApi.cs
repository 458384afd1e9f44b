using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Relay.Http;

/// <summary>Templates.</summary>
internal sealed class TemplatesApi(TemplateStore templates, TemplateRenderer renderer)
{
    internal void Map(RouteGroupBuilder api)
    {
        RouteGroupBuilder group = api.MapGroup("/templates").WithTags("Templates");
        group.MapGet("/", (Delegate)List).Demands(KeyScopes.Read).Produces<PageView<TemplateView>>()
            .WithName("ListTemplates").WithSummary("The newest version of each template");
        group.MapPost("/", (Delegate)AddAsync).Demands(KeyScopes.Manage).Accepts<TemplateRequest>("application/json").Produces<TemplateView>(StatusCodes.Status201Created)
            .WithName("AddTemplate").WithSummary("Add a template, or a version of one").WithDescription("Texts are Liquid. A version never changes.");
        group.MapGet("/{name}", (Delegate)Versions).Demands(KeyScopes.Read).Produces<PageView<TemplateView>>().ProducesProblem(StatusCodes.Status404NotFound)
            .WithName("GetTemplate").WithSummary("All versions of a template, the newest first");
        group.MapPost("/{name}/preview", (Delegate)PreviewAsync).Demands(KeyScopes.Read).Accepts<PreviewRequest>("application/json").Produces<RenderedTemplate>()
            .ProducesProblem(StatusCodes.Status404NotFound)
            .WithName("PreviewTemplate").WithSummary("What a template makes of variables").WithDescription("Every variable that is missing is an error that names it.");
        group.MapDelete("/{name}", (Delegate)RemoveAsync).Demands(KeyScopes.Manage).Produces(StatusCodes.Status204NoContent).ProducesProblem(StatusCodes.Status404NotFound)
            .WithName("RemoveTemplate").WithSummary("Take a template and all its versions away");
    }

    private static TemplateView View(MailTemplate template) => new(template.Name, template.Version, template.Subject, template.Text, template.Html, template.CreatedAt);

    private IResult List() => ApiContext.Answer(new PageView<TemplateView>([.. templates.Newest().Select(View)]), HttpJson.Default.PageViewTemplateView);

    private async Task<IResult> AddAsync(HttpContext context)
    {
        (TemplateRequest? request, Problem? problem) = await context.Request.JsonAsync(HttpJson.Default.TemplateRequest).ConfigureAwait(false);
        if (request is null)
        {
            return problem!;
        }

        var errors = new List<FieldError>();
        if (!TemplateStore.IsName(request.Name))
        {
            errors.Add(new FieldError("name", "A name has 1 to 64 letters, digits, '-', '_' and '.'."));
        }

        TemplateRenderer.Check(request.Subject, request.Text, request.Html, errors);
        return errors.Count > 0
            ? Problem.Invalid(errors)
            : ApiContext.Answer(
                View(await templates.AddAsync(request.Name!, request.Subject!, request.Text, request.Html, context.RequestAborted).ConfigureAwait(false)),
                HttpJson.Default.TemplateView,
                StatusCodes.Status201Created);
    }

    private IResult Versions(string name)
    {
        List<MailTemplate> versions = templates.Versions(name);
        return versions.Count == 0 ? NoTemplate() : ApiContext.Answer(new PageView<TemplateView>([.. versions.Select(View)]), HttpJson.Default.PageViewTemplateView);
    }

    private async Task<IResult> PreviewAsync(string name, HttpContext context)
    {
        (PreviewRequest? request, Problem? problem) = await context.Request.JsonAsync(HttpJson.Default.PreviewRequest).ConfigureAwait(false);
        if (request is null)
        {
            return problem!;
        }

        if (templates.Find(name, request.Version) is not { } template)
        {
            return NoTemplate();
        }

        var errors = new List<FieldError>();
        RenderedTemplate? rendered = await renderer.RenderAsync(template, request.Variables, request.AllowMissing, errors).ConfigureAwait(false);
        return rendered is null ? Problem.Invalid(errors) : ApiContext.Answer(rendered, HttpJson.Default.RenderedTemplate);
    }

    private async Task<IResult> RemoveAsync(string name, HttpContext context) =>
        await templates.RemoveAsync(name, context.RequestAborted).ConfigureAwait(false) ? Results.NoContent() : NoTemplate();

    private static Problem NoTemplate() => Problem.NotFound("There is no such template, or no such version of it.");
}
