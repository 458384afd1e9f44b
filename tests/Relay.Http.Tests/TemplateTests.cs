using System.Text.Json;

namespace Relay.Http.Tests;

public sealed class TemplateTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Variables_are_encoded_in_HTML_and_only_there()
    {
        (RenderedTemplate? rendered, _) = await RenderAsync(
            Template("Hello {{ user.name }}", "Hi {{ user.name }}, {% for i in items %}{{ i }};{% endfor %}", "<b>{{ user.name }}</b>"),
            """{"user":{"name":"<Ann & Bob>"},"items":[1,2.5,"x"]}""");

        Assert.Equal(new RenderedTemplate("Hello <Ann & Bob>", "Hi <Ann & Bob>, 1;2.5;x;", "<b>&lt;Ann &amp; Bob&gt;</b>"), rendered);
    }

    [Fact]
    public async Task Every_missing_variable_is_an_error_that_names_it()
    {
        MailTemplate template = Template("{{ a }}", "{{ given }} {{ b }}", null);

        (RenderedTemplate? rendered, List<FieldError> errors) = await RenderAsync(template, """{"given":1}""");

        Assert.Null(rendered);
        Assert.Equal(["variables.a", "variables.b"], errors.Select(e => e.Field));
        (rendered, errors) = await RenderAsync(template, """{"given":1}""", allowMissing: true);
        Assert.Empty(errors);
        Assert.Equal("1 ", rendered?.Text);
    }

    [Fact]
    public async Task A_missing_member_is_an_error_too()
    {
        (RenderedTemplate? rendered, List<FieldError> errors) = await RenderAsync(Template("x", "{{ user.name }}", null), """{"user":{"mail":"a"}}""");

        Assert.Null(rendered);
        Assert.Equal("variables.user.name", Assert.Single(errors).Field);
    }

    [Fact]
    public async Task A_subject_is_one_line_whatever_the_variables_hold()
    {
        (RenderedTemplate? rendered, _) = await RenderAsync(Template("Hi {{ n }}", "x", null), """{"n":"a\r\nBcc: b@example.net"}""");

        Assert.Equal("Hi a Bcc: b@example.net", rendered?.Subject);
    }

    [Fact]
    public async Task A_loop_without_end_ends()
    {
        (RenderedTemplate? rendered, List<FieldError> errors) = await RenderAsync(
            Template("x", "{% for i in (1..100000) %}{% for j in (1..100000) %}x{% endfor %}{% endfor %}", null), "{}");

        Assert.Null(rendered);
        Assert.Equal("text", Assert.Single(errors).Field);
    }

    [Theory]
    [InlineData("{% for i in (1..1000000000) %}x{% endfor %}")]
    [InlineData("{% for i in (1..n) %}x{% endfor %}")]
    [InlineData("{% assign l = (1..n) %}{{ l | size }}")]
    [InlineData("{% assign s = a %}{% for i in (1..40) %}{% assign s = s | append: s %}{% endfor %}{{ s | size }}")]
    [InlineData("{% assign l = a | split: '' %}{% for i in (1..40) %}{% assign l = l | concat: l %}{% endfor %}{{ l | size }}")]
    [InlineData("{% assign s = a %}{% for i in (1..40) %}{% capture s %}{{ s }}{{ s }}{% endcapture %}{% endfor %}{{ s | size }}")]
    [InlineData("{{ a | replace: 'A', a | replace: 'A', a | replace: 'A', a | size }}")]
    [InlineData("{{ a | split: '' | join: a | replace: 'A', a | size }}")]
    [InlineData("{{ 'now' | date: '%1000000000Y' | size }}")]
    [InlineData("{% for i in (1..10000) %}{{ a }}{{ a }}{% endfor %}")]
    public async Task What_would_take_all_memory_is_broken_off(string source)
    {
        (RenderedTemplate? rendered, List<FieldError> errors) = await RenderAsync(
            Template("x", source, null), $$"""{"a":"{{new string('A', 1000)}}","n":2000000000}""");

        Assert.Null(rendered);
        Assert.Equal("text", Assert.Single(errors).Field);
    }

    [Fact]
    public async Task What_is_within_the_bounds_is_made_as_ever()
    {
        (RenderedTemplate? rendered, _) = await RenderAsync(
            Template(
                "{% for i in (1..n) %}*{% endfor %}",
                "{% capture c %}<{{ n | plus: 1 }}{% endcapture %}{{ c }}{% assign l = 'a,b' | split: ',' %}{{ l | concat: l | join: '-' }} {{ 'a.b' | replace: '.', '::' }} {{ '2026-11-24' | date: '%Y/%m' }}",
                "{% for i in (3..1) %}never{% endfor %}{% if n > 2 %}<b>{{ '<' }}</b>{% else %}no{% endif %} {%- tablerow i in (1..2) cols:2 %}{{ i }}{% endtablerow %}"),
            """{"n":3}""");

        Assert.Equal("***", rendered?.Subject);
        Assert.Equal("<4a-b-a-b a::b 2026/11", rendered?.Text);
        Assert.StartsWith("<b>&lt;</b>", rendered?.Html, StringComparison.Ordinal);
        Assert.DoesNotContain("never", rendered?.Html, StringComparison.Ordinal);
    }

    public static TheoryData<string> Deep => new(
        Nested("{% if a %}", string.Empty, "{% endif %}", 5_000),
        Nested("{% for i in a %}", string.Empty, "{% endfor %}", 5_000),
        Nested("{% capture a %}", string.Empty, "{% endcapture %}", 5_000),
        "{% liquid\n" + Nested("if a\n", string.Empty, "endif\n", 5_000) + "%}",
        "{{ " + Nested("a[", "1", "]", 5_000) + " }}",
        "{{ a" + Nested(" | append: a", string.Empty, string.Empty, 5_000) + " }}",
        "{{ a" + Nested(" and a", string.Empty, string.Empty, 5_000) + " }}",
        "{% if a" + Nested(" or a", string.Empty, string.Empty, 5_000) + " %}{% endif %}",
        "{% unless a" + Nested(" or a", string.Empty, string.Empty, 5_000) + " %}{% endunless %}",
        "{% if a %}{% elsif a" + Nested(" and a", string.Empty, string.Empty, 5_000) + " %}{% endif %}",
        "{% if a" + Nested(" and a", string.Empty, string.Empty, 5_000));

    [Theory]
    [MemberData(nameof(Deep), DisableDiscoveryEnumeration = true)]
    public void What_is_nested_so_deep_that_it_would_end_the_process_is_refused(string source)
    {
        var errors = new List<FieldError>();

        TemplateRenderer.Check(source, "x", null, errors);

        Assert.Equal("subject", Assert.Single(errors).Field);
    }

    [Fact]
    public async Task What_is_nested_as_deep_as_may_be_is_rendered()
    {
        string source = Nested("{% if a %}", "x", "{% endif %}", BoundedParser.Deepest - 10) + "{{ a" + Nested(" | append: a", string.Empty, string.Empty, BoundedParser.LongestChain - 2) + " }}";

        (RenderedTemplate? rendered, List<FieldError> errors) = await RenderAsync(Template(source, "x", null), """{"a":"1"}""");

        Assert.Empty(errors);
        Assert.Equal("x" + new string('1', BoundedParser.LongestChain - 1), rendered?.Subject);
    }

    [Theory]
    [InlineData("{{ n }}", """{"n":"\ud800"}""")]
    [InlineData("{{ u.n }}", """{"u":{"n":"\udc00"}}""")]
    [InlineData("{% for i in l %}{{ i }}{% endfor %}", """{"l":["\udc00"]}""")]
    public async Task Half_of_a_surrogate_pair_is_an_error_and_no_failure(string source, string variables)
    {
        (RenderedTemplate? rendered, List<FieldError> errors) = await RenderAsync(Template(source, "x", null), variables);

        Assert.Null(rendered);
        Assert.Single(errors);
    }

    private static string Nested(string open, string inner, string close, int times) =>
        string.Concat(Enumerable.Repeat(open, times)) + inner + string.Concat(Enumerable.Repeat(close, times));

    [Fact]
    public void What_is_no_Liquid_is_named()
    {
        var errors = new List<FieldError>();

        TemplateRenderer.Check("{{ ok }}", "{% if %}", "{{ x", errors);

        Assert.Equal(["text", "html"], errors.Select(e => e.Field));
    }

    [Fact]
    public async Task Versions_are_kept()
    {
        await using var temporary = new TemporaryStore();
        var store = new TemplateStore(temporary.Store, TimeProvider.System);
        await store.AddAsync("welcome", "one", "t", null, Cancellation);
        MailTemplate second = await store.AddAsync("welcome", "two", "t", null, Cancellation);

        Assert.Equal(2, second.Version);
        Assert.Equal("one", store.Find("welcome", 1)?.Subject);
        Assert.Equal("two", store.Find("welcome", null)?.Subject);
        Assert.Equal([2, 1], store.Versions("welcome").Select(t => t.Version));
        Assert.Equal(2, Assert.Single(store.Newest()).Version);
        Assert.True(await store.RemoveAsync("welcome", Cancellation));
        Assert.Null(store.Find("welcome", null));
    }

    private static MailTemplate Template(string subject, string? text, string? html) => new("t", 0, subject, text, html, default);

    private static async Task<(RenderedTemplate? Rendered, List<FieldError> Errors)> RenderAsync(MailTemplate template, string variables, bool allowMissing = false)
    {
        var errors = new List<FieldError>();
        using var json = JsonDocument.Parse(variables);
        RenderedTemplate? rendered = await new TemplateRenderer().RenderAsync(template, json.RootElement, allowMissing, errors);
        return (rendered, errors);
    }

    [Fact]
    public async Task A_range_is_bounded_before_it_is_made()
    {
        await using RunningService service = await RunningService.StartAsync();
        await service.PostAsync("/v1/templates", """{"name":"long","subject":"x","text":"{% for i in (1..n) %}.{% endfor %}"}""");

        (System.Net.HttpStatusCode few, System.Text.Json.JsonElement rendered) = await service.PostAsync("/v1/templates/long/preview", """{"variables":{"n":3}}""");
        (System.Net.HttpStatusCode many, _) = await service.PostAsync("/v1/templates/long/preview", """{"variables":{"n":2000000000}}""");

        Assert.Equal((System.Net.HttpStatusCode.OK, "..."), (few, rendered.GetProperty("text").GetString()));
        Assert.Equal(System.Net.HttpStatusCode.UnprocessableEntity, many);
    }

    [Fact]
    public async Task A_template_is_previewed_and_sent_by_REST_and_what_is_missing_is_named_unless_it_may_be()
    {
        await using RunningService service = await RunningService.StartAsync();
        await service.PostAsync("/v1/templates", """{"name":"hello","subject":"Hello {{ name }}","text":"{{ order.id }}: {{ name }}","html":"<p>{{ name }}</p>"}""");

        (System.Net.HttpStatusCode status, System.Text.Json.JsonElement preview) = await service.PostAsync("/v1/templates/hello/preview", """{"variables":{"name":"<Ann>","order":{"id":17}}}""");
        Assert.Equal(System.Net.HttpStatusCode.OK, status);
        Assert.Equal(
            ("Hello <Ann>", "17: <Ann>", "<p>&lt;Ann&gt;</p>"),
            (preview.GetProperty("subject").GetString(), preview.GetProperty("text").GetString(), preview.GetProperty("html").GetString()));

        foreach (string path in (string[])["/v1/templates/hello/preview", "/v1/messages"])
        {
            string envelope = path == "/v1/messages" ? "\"from\":\"shop@example.com\",\"to\":\"a@example.net\",\"template\":{\"name\":\"hello\"}," : string.Empty;
            (System.Net.HttpStatusCode refused, System.Text.Json.JsonElement problem) = await service.PostAsync(path, $$"""{{{envelope}}"variables":{"name":"Ann"} }""");
            Assert.Equal(System.Net.HttpStatusCode.UnprocessableEntity, refused);
            Assert.Contains("order", problem.GetProperty("errors")[0].ToString(), StringComparison.Ordinal);
        }

        (status, preview) = await service.PostAsync("/v1/templates/hello/preview", """{"variables":{"name":"Ann"},"allow_missing":true}""");
        Assert.Equal((System.Net.HttpStatusCode.OK, ": Ann"), (status, preview.GetProperty("text").GetString()));
        Assert.Equal(System.Net.HttpStatusCode.NotFound, (await service.PostAsync("/v1/templates/other/preview", "{}")).Status);
    }
}
