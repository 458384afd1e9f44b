using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Relay.Spool;

namespace Relay.Http.Tests;

public sealed class MessagesApiTests
{
    private const string Simple = """{"from":"Shop <shop@example.com>","to":"a@example.net","subject":"Hello","text":"Hi","tags":["welcome"],"metadata":{"order":"17"},"custom_id":"c1"}""";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_message_is_taken_delivered_and_tells_its_timeline()
    {
        await using RunningService service = await RunningService.StartAsync();

        JsonElement message = await service.UntilAsync(await service.SubmitAsync(Simple), "delivered");

        Assert.Equal("Hello", message.GetProperty("subject").GetString());
        Assert.Equal("17", message.GetProperty("metadata").GetProperty("order").GetString());
        Assert.Equal(["accepted", "delivered"], message.GetProperty("events").EnumerateArray().Select(e => e.GetProperty("type").GetString()));
        JsonElement reply = message.GetProperty("recipients")[0].GetProperty("last_reply");
        Assert.Equal((250, "2.0.0", "Taken"), (reply.GetProperty("code").GetInt32(), reply.GetProperty("enhanced_code").GetString(), reply.GetProperty("text").GetString()));
        Assert.Equal("welcome", message.GetProperty("events")[1].GetProperty("tags")[0].GetString());
    }

    [Fact]
    public async Task What_is_delivered_is_the_composed_message_below_a_trace_field()
    {
        byte[]? content = null;
        RunningService? service = null;
        service = await RunningService.StartAsync((lease, recipient) =>
        {
            using SpoolContent opened = service!.Spool.OpenContentAsync(lease.Message).AsTask().GetAwaiter().GetResult();
            content = opened.Memory.ToArray();
            return RunningService.Delivered(lease, recipient);
        });
        await using (service)
        {
            string id = await service.SubmitAsync(Simple);
            await service.UntilAsync(id, "delivered");

            string text = Encoding.ASCII.GetString(content!);
            Assert.StartsWith($"Received: by relay.example.com with HTTP\r\n\tid {id};\r\n", text, StringComparison.Ordinal);
            Assert.Contains($"Message-Id: <{id}@example.com>", text, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain("welcome", text, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("delivered", "delivered", "accepted delivered")]
    [InlineData("bounced", "bounced", "accepted bounced")]
    [InlineData("soft-bounced", "bounced", "accepted bounced")]
    [InlineData("suppressed", "suppressed", "accepted suppressed")]
    public async Task Simulated_recipients_end_as_their_name_says(string name, string state, string events)
    {
        await using RunningService service = await RunningService.StartAsync((_, _) => throw new InvalidOperationException("It must not leave the host."));

        JsonElement message = await service.UntilAsync(
            await service.SubmitAsync($$"""{"from":"shop@example.com","to":"{{name}}+x@simulator.test","text":"Hi"}"""), state);

        Assert.Equal(events, string.Join(' ', message.GetProperty("events").EnumerateArray().Select(e => e.GetProperty("type").GetString())));
    }

    [Fact]
    public async Task A_simulated_complaint_follows_its_delivery()
    {
        await using RunningService service = await RunningService.StartAsync();
        string id = await service.SubmitAsync("""{"from":"shop@example.com","to":"complained@simulator.test","text":"Hi"}""");

        JsonElement message = await service.UntilAsync(id, "delivered");
        while (message.GetProperty("events").GetArrayLength() < 3)
        {
            message = await service.UntilAsync(id, "delivered");
        }

        Assert.Equal("complained", message.GetProperty("events")[2].GetProperty("type").GetString());
    }

    [Fact]
    public async Task A_test_message_never_leaves_the_host()
    {
        await using RunningService service = await RunningService.StartAsync((_, _) => throw new InvalidOperationException("It must not leave the host."));

        await service.UntilAsync(await service.SubmitAsync("""{"from":"shop@example.com","to":"somebody@example.net","text":"Hi","test":true}"""), "delivered");
    }

    [Fact]
    public async Task The_same_request_with_the_same_key_is_one_message()
    {
        await using RunningService service = await RunningService.StartAsync();
        (HttpStatusCode status, JsonElement first) = await service.PostAsync("/v1/messages", Simple, "once");
        (HttpStatusCode again, JsonElement second) = await service.PostAsync("/v1/messages", Simple, "once");
        (HttpStatusCode other, _) = await service.PostAsync("/v1/messages", Simple.Replace("Hi", "Ho", StringComparison.Ordinal), "once");

        Assert.Equal((HttpStatusCode.Accepted, HttpStatusCode.Accepted, HttpStatusCode.Conflict), (status, again, other));
        Assert.Equal(first.GetProperty("id").GetString(), second.GetProperty("id").GetString());
        (_, JsonElement list) = await service.GetAsync("/v1/messages");
        Assert.Equal(1, list.GetProperty("data").GetArrayLength());
    }

    [Fact]
    public async Task A_refused_request_names_each_field_and_can_be_mended_under_its_key()
    {
        await using RunningService service = await RunningService.StartAsync();
        (HttpStatusCode status, JsonElement problem) = await service.PostAsync(
            "/v1/messages", """{"from":"shop@example.com","to":["a@example.net","nobody"],"text":"x","headers":{"Bcc":"x@example.org"}}""", "mend");
        Assert.Equal(HttpStatusCode.UnprocessableEntity, status);
        Assert.Equal(["headers.Bcc", "to[1]"], problem.GetProperty("errors").EnumerateArray().Select(e => e.GetProperty("field").GetString()).Order(StringComparer.Ordinal));

        (status, _) = await service.PostAsync("/v1/messages", Simple, "mend");

        Assert.Equal(HttpStatusCode.Accepted, status);
    }

    public static TheoryData<string, string, string> Unreadable => new()
    {
        { "{", "", "This is not valid JSON." },
        { """{"from":"a@example.com","unknown":1}""", "unknown", "This field is not known." },
        { """{"from":7}""", "from", "an object of email and name." },
        { """{"to":["a@example.net",7]}""", "to", "an object of email and name." },
        { """{"tags":"no list"}""", "tags", "The value has the wrong type." },
        { """{"scheduled_at":"soon"}""", "scheduled_at", "A time is written as RFC 3339 does" },
        { """{"scheduled_at":"2026-12-01T10:00:00"}""", "scheduled_at", "A time is written as RFC 3339 does" },
        { """{"scheduled_at":"12/1/2026 10:00:00Z"}""", "scheduled_at", "A time is written as RFC 3339 does" },
        { """{"scheduled_at":1800000000}""", "scheduled_at", "A time is written as RFC 3339 does" },
        { """{"subject":"\ud800"}""", "subject", "This is not valid Unicode" },
        { """{"metadata":{"a":"\udc00"}}""", "metadata.a", "This is not valid Unicode" },
        { """{"from":"a@example.com","from":"b@example.com"}""", "from", "This field is given twice." },
    };

    [Theory]
    [MemberData(nameof(Unreadable), DisableDiscoveryEnumeration = true)]
    public async Task What_cannot_be_read_is_a_problem_that_names_the_field(string json, string field, string expected)
    {
        await using RunningService service = await RunningService.StartAsync();

        (HttpStatusCode status, JsonElement problem) = await service.PostAsync("/v1/messages", json);

        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.StartsWith(field, problem.GetProperty("errors")[0].GetProperty("field").GetString(), StringComparison.Ordinal);
        Assert.Contains(expected, problem.GetProperty("errors")[0].GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Equal(400, problem.GetProperty("status").GetInt32());
    }

    [Theory]
    [InlineData("received", 51, "content", "51 Received fields")]
    [InlineData("x-long", 80, "content", "The header has ")]
    [InlineData("scheduled", 0, "scheduled_at", "at most 90 days")]
    public async Task A_raw_message_that_SMTP_would_refuse_is_refused(string what, int fields, string field, string expected)
    {
        await using RunningService service = await RunningService.StartAsync();
        string header = string.Concat(Enumerable.Repeat(what == "received" ? "Received: by x; Tue, 24 Nov 2026 12:00:00 +0000\r\n" : $"X-Long: {new string('x', 900)}\r\n", fields));

        (HttpStatusCode status, JsonElement problem) = await service.PostAsync("/v1/messages/raw", JsonSerializer.Serialize(new Dictionary<string, object>
        {
            ["content"] = header + "From: a@example.com\r\nTo: b@example.net\r\n\r\nx\r\n",
            ["scheduled_at"] = what == "scheduled" ? "2200-01-01T00:00:00Z" : "2026-01-01T00:00:00Z",
        }));

        Assert.Equal(HttpStatusCode.UnprocessableEntity, status);
        JsonElement error = Assert.Single(problem.GetProperty("errors").EnumerateArray());
        Assert.Equal(field, error.GetProperty("field").GetString());
        Assert.Contains(expected, error.GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_batch_has_a_result_for_each_message()
    {
        await using RunningService service = await RunningService.StartAsync();

        (HttpStatusCode status, JsonElement batch) = await service.PostAsync("/v1/messages/batch", $$"""{"messages":[{{Simple}},{"from":"shop@example.com"},{{Simple}}]}""");

        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal((2, 1), (batch.GetProperty("accepted").GetInt32(), batch.GetProperty("refused").GetInt32()));
        Assert.Equal([202, 422, 202], batch.GetProperty("results").EnumerateArray().Select(r => r.GetProperty("status").GetInt32()));
        await service.UntilAsync(batch.GetProperty("results")[2].GetProperty("id").GetString()!, "delivered");
    }

    [Fact]
    public async Task A_raw_message_goes_as_it_is_without_its_labels_and_Bcc()
    {
        byte[]? content = null;
        RunningService? service = null;
        service = await RunningService.StartAsync((lease, recipient) =>
        {
            using SpoolContent opened = service!.Spool.OpenContentAsync(lease.Message).AsTask().GetAwaiter().GetResult();
            content = opened.Memory.ToArray();
            return RunningService.Delivered(lease, recipient);
        });
        await using (service)
        {
            using var body = new StringContent("From: shop@example.com\r\nTo: a@example.net\r\nBcc: b@example.org\r\nX-Tag: raw\r\nSubject: s\r\nMessage-ID: <m@example.com>\r\nDate: Tue, 24 Nov 2026 12:00:00 +0000\r\n\r\n.dot\r\n");
            body.Headers.ContentType = new MediaTypeHeaderValue("message/rfc822");
            using HttpResponseMessage response = await service.Client.PostAsync(new Uri("/v1/messages/raw", UriKind.Relative), body, Cancellation);
            Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
            using var answer = JsonDocument.Parse(await response.Content.ReadAsStringAsync(Cancellation));

            JsonElement message = await service.UntilAsync(answer.RootElement.GetProperty("id").GetString()!, "delivered");

            Assert.Equal(["a@example.net", "b@example.org"], message.GetProperty("recipients").EnumerateArray().Select(r => r.GetProperty("address").GetString()));
            Assert.Equal("raw", message.GetProperty("tags")[0].GetString());
            string text = Encoding.ASCII.GetString(content!);
            Assert.EndsWith(
                "From: shop@example.com\r\nTo: a@example.net\r\nSubject: s\r\nMessage-ID: <m@example.com>\r\nDate: Tue, 24 Nov 2026 12:00:00 +0000\r\n\r\n.dot\r\n", text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_scheduled_message_can_be_moved_and_taken_back()
    {
        await using RunningService service = await RunningService.StartAsync();
        string at = DateTimeOffset.UtcNow.AddHours(1).ToString("O");
        string id = await service.SubmitAsync($$"""{"from":"shop@example.com","to":"a@example.net","text":"x","scheduled_at":"{{at}}"}""");
        await service.UntilAsync(id, "scheduled");
        (HttpStatusCode moved, _) = await service.PostAsync($"/v1/messages/{id}/reschedule", $$"""{"scheduled_at":"{{DateTimeOffset.UtcNow.AddHours(2):O}}"}""");
        Assert.Equal(HttpStatusCode.OK, moved);

        (HttpStatusCode canceled, _) = await service.PostAsync($"/v1/messages/{id}/cancel", "{}");
        (HttpStatusCode again, _) = await service.PostAsync($"/v1/messages/{id}/cancel", "{}");

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.Conflict), (canceled, again));
        await service.UntilAsync(id, "canceled");
    }

    [Fact]
    public async Task Lists_filter_and_page()
    {
        await using RunningService service = await RunningService.StartAsync();
        for (int i = 0; i < 7; i++)
        {
            await service.SubmitAsync($$"""{"from":"shop@example.com","to":["u{{i}}@example.net","v{{i}}@example.org"],"text":"x","subject":"s{{i}}","tags":["{{(i % 2 == 0 ? "even" : "odd")}}"],"metadata":{"n":"{{i}}"} }""");
        }

        var seen = new List<string>();
        string cursor = string.Empty;
        do
        {
            (_, JsonElement page) = await service.GetAsync($"/v1/messages?limit=3{cursor}");
            seen.AddRange(page.GetProperty("data").EnumerateArray().Select(m => m.GetProperty("subject").GetString()!));
            cursor = page.TryGetProperty("next_cursor", out JsonElement next) ? $"&cursor={next.GetString()}" : string.Empty;
        }
        while (cursor.Length > 0);

        Assert.Equal(["s6", "s5", "s4", "s3", "s2", "s1", "s0"], seen);
        Assert.Equal(3, await CountAsync("tag=odd"));
        Assert.Equal(1, await CountAsync("metadata[n]=5"));
        Assert.Equal(1, await CountAsync("recipient=v3@example.org"));
        Assert.Equal(7, await CountAsync("recipient_domain=example.org"));
        Assert.Equal(0, await CountAsync("state=held"));
        Assert.Equal(1, await CountAsync("q=s4"));
        (HttpStatusCode status, JsonElement problem) = await service.GetAsync("/v1/messages?state=lost&limit=0");
        Assert.Equal(HttpStatusCode.UnprocessableEntity, status);
        Assert.Equal(2, problem.GetProperty("errors").GetArrayLength());

        async Task<int> CountAsync(string query) => (await service.GetAsync($"/v1/messages?{query}")).Body.GetProperty("data").GetArrayLength();
    }

    [Fact]
    public async Task Without_a_key_there_is_nothing()
    {
        await using RunningService service = await RunningService.StartAsync();
        using HttpClient nobody = service.ClientOf(null);
        using HttpClient guesser = service.ClientOf("rk_aaaaaaaaaaaa_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");

        using HttpResponseMessage without = await nobody.GetAsync(new Uri("/v1/messages", UriKind.Relative), Cancellation);
        using HttpResponseMessage wrong = await guesser.GetAsync(new Uri("/v1/messages", UriKind.Relative), Cancellation);

        Assert.Equal((HttpStatusCode.Unauthorized, HttpStatusCode.Unauthorized), (without.StatusCode, wrong.StatusCode));
        Assert.Equal("application/problem+json", without.Content.Headers.ContentType?.MediaType);
        Assert.Equal("Bearer", without.Headers.WwwAuthenticate.ToString());
    }

    [Fact]
    public async Task A_body_beyond_the_limit_is_refused()
    {
        await using RunningService service = await RunningService.StartAsync(adapt: settings => settings with { Limits = new Smtp.Core.SmtpLimits { MaximumMessageSize = 65536 } });

        (HttpStatusCode status, JsonElement problem) = await service.PostAsync("/v1/messages", $$"""{"text":"{{new string('x', 2_000_000)}}"}""");

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, status);
        Assert.Equal(413, problem.GetProperty("status").GetInt32());
    }
}
