using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace Relay.Http.Tests;

/// <summary>What keys must not be able to do, and what requests must not smuggle.</summary>
public sealed class AttackTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("From: a@shop.example\r\n", HttpStatusCode.Accepted)]
    [InlineData("From: ceo@bank.example\r\n", HttpStatusCode.Forbidden)]
    [InlineData("From: a@shop.example\r\nFrom: ceo@bank.example\r\n", HttpStatusCode.Forbidden)]
    [InlineData("From: a@shop.example, ceo@bank.example\r\n", HttpStatusCode.Forbidden)]
    [InlineData("From: a@shop.example\r\nSender: ceo@bank.example\r\n", HttpStatusCode.Forbidden)]
    [InlineData("From: <ceo@bank.example> (<a@shop.example>)\r\n", HttpStatusCode.Forbidden)]
    public async Task A_key_of_a_domain_bears_no_other_name_in_a_raw_message(string author, HttpStatusCode expected)
    {
        await using RunningService service = await RunningService.StartAsync();
        using HttpClient shop = service.ClientOf(await KeyAsync(service, """{"name":"shop","scopes":["send"],"sender_domains":["shop.example"]}"""));
        using var body = new StringContent(author + "To: b@example.net\r\nSubject: s\r\n\r\nx\r\n");
        body.Headers.ContentType = new MediaTypeHeaderValue("message/rfc822");

        using HttpResponseMessage response = await shop.PostAsync(new Uri("/v1/messages/raw", UriKind.Relative), body, Cancellation);

        Assert.Equal(expected, response.StatusCode);
    }

    [Fact]
    public async Task A_key_of_a_domain_has_no_other_envelope_sender_and_no_other_From_in_JSON()
    {
        await using RunningService service = await RunningService.StartAsync();
        using HttpClient shop = service.ClientOf(await KeyAsync(service, """{"name":"shop","scopes":["send"],"sender_domains":["shop.example"]}"""));

        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(shop, "/v1/messages/raw", """{"from":"ceo@bank.example","to":["b@example.net"],"content":"From: a@shop.example\n\nx"}"""));
        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(shop, "/v1/messages", """{"from":"ceo@bank.example","to":"b@example.net","text":"x"}"""));
        Assert.Equal(HttpStatusCode.UnprocessableEntity, await StatusAsync(shop, "/v1/messages", """{"from":"a@shop.example","to":"b@example.net","text":"x","headers":{"Sender":"ceo@bank.example"}}"""));
        using HttpResponseMessage read = await shop.GetAsync(new Uri("/v1/messages", UriKind.Relative), Cancellation);
        Assert.Equal(HttpStatusCode.Forbidden, read.StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(shop, "/v1/keys", """{"name":"more","scopes":["manage"]}"""));
    }

    [Theory]
    [InlineData("""{"from":"a@example.com","to":"b@example.net","text":"x","subject":"s\r\nBcc: evil@example.org"}""", "subject")]
    [InlineData("""{"from":"a@example.com","to":"b@example.net\r\nRCPT TO:<evil@example.org>","text":"x"}""", "to[0]")]
    [InlineData("""{"from":{"email":"a@example.com","name":"A\r\nBcc: evil@example.org"},"to":"b@example.net","text":"x"}""", "from")]
    [InlineData("""{"from":"a@example.com","to":"b@example.net","text":"x","headers":{"X-A":"1\r\nBcc: evil@example.org"}}""", "headers.X-A")]
    [InlineData("""{"from":"a@example.com","to":"b@example.net","text":"x","headers":{"X-A\r\nBcc":"evil@example.org"}}""", "headers.X-A??Bcc")]
    [InlineData("""{"from":"a@example.com","to":"b@example.net","text":"x","tags":["a\r\nb"]}""", "tags[0]")]
    [InlineData("""{"from":"a@example.com","to":"b@example.net","text":"x","attachments":[{"filename":"a\r\nX: 1","content":""}]}""", "attachments[0].filename")]
    [InlineData("""{"from":"a@example.com","to":"b@example.net","text":"x","attachments":[{"filename":"../../etc/passwd","content":""}]}""", "attachments[0].filename")]
    [InlineData("""{"from":"a@example.com","to":"b@example.net","text":"x","attachments":[{"filename":"a","content":"","content_type":"text/plain\r\nBcc: e@example.org"}]}""", "attachments[0].content_type")]
    public async Task No_field_carries_a_line_break_into_a_header(string json, string field)
    {
        await using RunningService service = await RunningService.StartAsync();

        (HttpStatusCode status, JsonElement problem) = await service.PostAsync("/v1/messages", json);

        Assert.Equal(HttpStatusCode.UnprocessableEntity, status);
        Assert.Equal(field, problem.GetProperty("errors")[0].GetProperty("field").GetString());
    }

    [Theory]
    [InlineData("http://127.0.0.1:1/")]
    [InlineData("http://localhost/")]
    [InlineData("http://169.254.169.254/latest/meta-data")]
    [InlineData("http://10.1.2.3/")]
    [InlineData("http://[::1]/")]
    [InlineData("http://[::ffff:192.168.0.1]/")]
    [InlineData("http://0x7f000001/")]
    [InlineData("ftp://example.com/")]
    [InlineData("http://user:password@example.com/")]
    public async Task A_webhook_leads_to_no_private_address_unless_it_is_allowed(string url)
    {
        await using RunningService service = await RunningService.StartAsync(adapt: settings => settings with { WebhooksToPrivateAddresses = false });

        (HttpStatusCode status, JsonElement problem) = await service.PostAsync("/v1/webhooks", JsonSerializer.Serialize(new Dictionary<string, string> { ["url"] = url }));

        Assert.Equal(HttpStatusCode.UnprocessableEntity, status);
        Assert.Equal("url", problem.GetProperty("errors")[0].GetProperty("field").GetString());
    }

    [Fact]
    public async Task A_name_that_resolves_to_a_private_address_is_not_connected_to()
    {
        using HttpClient client = WebhookSender.CreateClient(allowPrivate: false);

        HttpRequestException error = await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync(new Uri("http://localhost:1/"), Cancellation));

        Assert.IsType<PrivateAddressException>(error.InnerException);
    }

    [Fact]
    public async Task Two_requests_with_one_key_at_once_make_one_message()
    {
        await using RunningService service = await RunningService.StartAsync();

        (HttpStatusCode Status, JsonElement Body)[] answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ =>
            service.PostAsync("/v1/messages", """{"from":"shop@example.com","to":"a@example.net","text":"x"}""", "race")));

        Assert.Contains(answers, answer => answer.Status == HttpStatusCode.Accepted);
        Assert.All(answers, answer => Assert.True(answer.Status is HttpStatusCode.Accepted or HttpStatusCode.Conflict));
        Assert.Single(answers.Where(answer => answer.Status == HttpStatusCode.Accepted).Select(answer => answer.Body.GetProperty("id").GetString()).Distinct());
        Assert.Equal(1, (await service.GetAsync("/v1/messages")).Body.GetProperty("data").GetArrayLength());
    }

    [Fact]
    public async Task A_key_beyond_its_rate_is_told_when_to_come_back()
    {
        await using RunningService service = await RunningService.StartAsync();
        using HttpClient slow = service.ClientOf(await KeyAsync(service, """{"name":"slow","scopes":["read"],"per_second":1}"""));
        HttpResponseMessage response;
        int requests = 0;
        do
        {
            response = await slow.GetAsync(new Uri("/v1/tags", UriKind.Relative), Cancellation);
        }
        while (response.StatusCode == HttpStatusCode.OK && ++requests < 100);

        Assert.Equal(HttpStatusCode.TooManyRequests, response.StatusCode);
        Assert.True(response.Headers.RetryAfter?.Delta >= TimeSpan.FromSeconds(1));
        response.Dispose();
    }

    [Fact]
    public async Task A_rotated_key_works_in_its_new_form_only()
    {
        await using RunningService service = await RunningService.StartAsync();
        (_, JsonElement made) = await service.PostAsync("/v1/keys", """{"name":"shop","scopes":["read"],"sender_domains":["shop.example"],"per_second":7}""");
        (HttpStatusCode status, JsonElement rotated) = await service.PostAsync($"/v1/keys/{made.GetProperty("id").GetString()}/rotate", string.Empty);
        Assert.Equal(HttpStatusCode.Created, status);
        using HttpClient before = service.ClientOf(made.GetProperty("key").GetString());
        using HttpClient after = service.ClientOf(rotated.GetProperty("key").GetString());

        using HttpResponseMessage old = await before.GetAsync(new Uri("/v1/messages", UriKind.Relative), Cancellation);
        using HttpResponseMessage fresh = await after.GetAsync(new Uri("/v1/messages", UriKind.Relative), Cancellation);

        Assert.Equal((HttpStatusCode.Unauthorized, HttpStatusCode.OK), (old.StatusCode, fresh.StatusCode));
        Assert.Equal(("shop", 7, "shop.example"), (rotated.GetProperty("name").GetString(), rotated.GetProperty("per_second").GetInt32(), rotated.GetProperty("sender_domains")[0].GetString()));
        Assert.Equal(HttpStatusCode.Conflict, (await service.PostAsync("/v1/keys/bootstrap/rotate", string.Empty)).Status);
    }

    [Fact]
    public async Task The_queue_is_held_released_bounced_and_purged_by_REST()
    {
        await using RunningService service = await RunningService.StartAsync();
        string at = DateTimeOffset.UtcNow.AddHours(1).ToString("O");
        string[] ids = await Task.WhenAll(Enumerable.Range(0, 3).Select(i =>
            service.SubmitAsync($$"""{"from":"shop@example.com","to":"u{{i}}@example.net","text":"x","scheduled_at":"{{at}}"}""")));

        await ChangeAsync("hold", ids[0], 1);
        await service.UntilAsync(ids[0], "held");
        await ChangeAsync("release", ids[0], 1);
        await ChangeAsync("retry", ids[0], 1);
        await service.UntilAsync(ids[0], "delivered");
        await ChangeAsync("cancel", ids[1], 1);
        await service.UntilAsync(ids[1], "canceled");
        await ChangeAsync("purge", ids[2], 1);
        Assert.Equal(HttpStatusCode.NotFound, (await service.GetAsync($"/v1/messages/{ids[2]}")).Status);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, (await service.PostAsync("/v1/queue/purge", "{}")).Status);

        async Task ChangeAsync(string action, string id, int expected)
        {
            (HttpStatusCode status, JsonElement body) = await service.PostAsync($"/v1/queue/{action}", $$"""{"message_id":"{{id}}"}""");
            Assert.Equal(HttpStatusCode.OK, status);
            Assert.Equal(expected, body.GetProperty("changed").GetInt32());
        }
    }

    [Fact]
    public async Task Suppressions_come_in_bulk_whole_or_not_at_all()
    {
        await using RunningService service = await RunningService.StartAsync();
        (HttpStatusCode refused, JsonElement problem) = await service.PostAsync("/v1/suppressions/bulk", """{"suppressions":[{"address":"a@example.net"},{"address":"nobody"}]}""");
        Assert.Equal((HttpStatusCode.UnprocessableEntity, "suppressions[1].address"), (refused, problem.GetProperty("errors")[0].GetProperty("field").GetString()));
        Assert.Equal(0, (await service.GetAsync("/v1/suppressions")).Body.GetProperty("data").GetArrayLength());

        (HttpStatusCode taken, _) = await service.PostAsync("/v1/suppressions/bulk", """{"suppressions":[{"address":"a@example.net","reason":"unsubscribe"},{"address":"b@example.net"}]}""");

        Assert.Equal(HttpStatusCode.OK, taken);
        (_, JsonElement list) = await service.GetAsync("/v1/suppressions");
        Assert.Equal(["a@example.net", "b@example.net"], list.GetProperty("data").EnumerateArray().Select(one => one.GetProperty("address").GetString()));
    }

    [Fact]
    public async Task A_deferred_recipient_of_the_simulator_is_put_off_and_then_delivered()
    {
        await using RunningService service = await RunningService.StartAsync((_, _) => throw new InvalidOperationException("It must not leave the host."));

        JsonElement message = await service.UntilAsync(await service.SubmitAsync("""{"from":"shop@example.com","to":"deferred@simulator.test","text":"Hi"}"""), "delivered");

        Assert.Equal(["accepted", "deferred", "deferred", "delivered"], message.GetProperty("events").EnumerateArray().Select(e => e.GetProperty("type").GetString()));
    }

    [Fact]
    public async Task What_SMTP_refuses_for_its_header_is_refused_here_too()
    {
        await using RunningService service = await RunningService.StartAsync();
        string circle = string.Concat(Enumerable.Repeat("Received: from a.example by b.example; Tue, 24 Nov 2026 10:00:00 +0000\\r\\n", 51));
        string large = string.Concat(Enumerable.Range(0, 1_500).Select(i => $"X-H{i}: {new string('x', 50)}\\r\\n"));

        foreach (string header in (string[])[circle, large])
        {
            (HttpStatusCode status, _) = await service.PostAsync("/v1/messages/raw", $$"""{"to":["b@example.net"],"content":"{{header}}From: a@example.com\r\n\r\nx\r\n"}""");
            Assert.Equal(HttpStatusCode.UnprocessableEntity, status);
        }

        Assert.Equal(0, (await service.GetAsync("/v1/messages")).Body.GetProperty("data").GetArrayLength());
    }

    [Theory]
    [InlineData("POST", "/v1/nothing", "application/json", null, HttpStatusCode.NotFound)]
    [InlineData("PUT", "/v1/messages", "application/json", null, HttpStatusCode.MethodNotAllowed)]
    [InlineData("POST", "/v1/messages", "text/xml", null, HttpStatusCode.UnsupportedMediaType)]
    [InlineData("POST", "/v1/messages", "application/json", "gzip", HttpStatusCode.UnsupportedMediaType)]
    [InlineData("POST", "/v1/webhooks", "application/json", null, HttpStatusCode.UnprocessableEntity)]
    public async Task Every_refusal_is_a_problem_document(string method, string path, string type, string? coding, HttpStatusCode expected)
    {
        await using RunningService service = await RunningService.StartAsync();
        using var request = new HttpRequestMessage(new HttpMethod(method), path) { Content = new StringContent("{}", new MediaTypeHeaderValue(type)) };
        if (coding is not null)
        {
            request.Content.Headers.ContentEncoding.Add(coding);
        }

        using HttpResponseMessage response = await service.Client.SendAsync(request, Cancellation);

        Assert.Equal(expected, response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        using var problem = JsonDocument.Parse(await response.Content.ReadAsStringAsync(Cancellation));
        Assert.Equal((int)expected, problem.RootElement.GetProperty("status").GetInt32());
    }

    [Theory]
    [InlineData("/v1/messages/raw", """{"to":[null],"content":"From: a@example.com\r\n\r\nx\r\n"}""", "to[0]")]
    [InlineData("/v1/messages", """{"from":"a@example.com","to":"b@example.net","text":"x","headers":{"List-Id":"1","list-id":"2"}}""", "headers.list-id")]
    [InlineData("/v1/messages", """{"from":"a@example.com","to":"b@example.net","text":"x","headers":{"X-Relay-Priority":"high"}}""", "headers.X-Relay-Priority")]
    [InlineData("/v1/webhooks", """{"url":"https://example.com/\r\nX: y"}""", "url")]
    [InlineData("/v1/webhooks", """{"url":"https://example.com/ x"}""", "url")]
    [InlineData("/v1/queue/destinations/%0d%0a/suspend", "{}", "domain")]
    [InlineData("/v1/queue/destinations/%3Cscript%3E/suspend", "{}", "domain")]
    [InlineData("/v1/queue/destinations/example.net/suspend", """{"until":"2001-01-01T00:00:00Z"}""", "until")]
    public async Task What_makes_no_sense_is_refused_by_its_field(string path, string json, string field)
    {
        await using RunningService service = await RunningService.StartAsync();

        (HttpStatusCode status, JsonElement problem) = await service.PostAsync(path, json);

        Assert.Equal(HttpStatusCode.UnprocessableEntity, status);
        Assert.Equal(field, problem.GetProperty("errors")[0].GetProperty("field").GetString());
    }

    [Fact]
    public async Task A_media_type_too_long_for_a_line_is_refused_by_its_own_field()
    {
        await using RunningService service = await RunningService.StartAsync();

        (HttpStatusCode status, JsonElement problem) = await service.PostAsync(
            "/v1/messages", $$"""{"from":"a@example.com","to":"b@example.net","text":"x","attachments":[{"filename":"a","content":"","content_type":"text/{{new string('x', 2_000)}}"}]}""");

        Assert.Equal(HttpStatusCode.UnprocessableEntity, status);
        Assert.Equal("attachments[0].content_type", problem.GetProperty("errors")[0].GetProperty("field").GetString());
    }

    private static async Task<string> KeyAsync(RunningService service, string json)
    {
        (HttpStatusCode status, JsonElement made) = await service.PostAsync("/v1/keys", json);
        Assert.Equal(HttpStatusCode.Created, status);
        return made.GetProperty("key").GetString()!;
    }

    private static async Task<HttpStatusCode> StatusAsync(HttpClient client, string path, string json)
    {
        using var body = new StringContent(json, Encoding.UTF8, "application/json");
        using HttpResponseMessage response = await client.PostAsync(new Uri(path, UriKind.Relative), body, Cancellation);
        return response.StatusCode;
    }
}
