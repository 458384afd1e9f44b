using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using MailKit.Net.Smtp;
using MailKit.Security;
using MimeKit;

namespace Relay.Http.Tests;

/// <summary>The whole host: what comes in by REST, by SMTP and by template goes the same way.</summary>
public sealed class WholeHostTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_same_message_by_REST_by_SMTP_and_by_template_ends_in_the_same_state_and_figures()
    {
        await using RunningHost host = RunningHost.Start();
        await host.PostAsync("/v1/templates", """{"name":"order","subject":"Order {{ n }}","text":"Thank you"}""", HttpStatusCode.Created);
        string rest = Id(await host.PostAsync(
            "/v1/messages",
            """{"from":"shop@example.com","to":"a@example.net","subject":"Order 17","text":"Thank you","tags":["order"],"metadata":{"number":"17"},"custom_id":"o17"}""",
            HttpStatusCode.Accepted));
        string template = Id(await host.PostAsync(
            "/v1/messages",
            """{"from":"shop@example.com","to":"a@example.net","template":{"name":"order"},"variables":{"n":17},"tags":["order"],"metadata":{"number":"17"},"custom_id":"o17"}""",
            HttpStatusCode.Accepted));
        string smtp = await SubmitAsync(host);

        var views = new List<JsonElement>();
        foreach (string id in (string[])[rest, template, smtp])
        {
            views.Add(await host.UntilAsync($"/v1/messages/{id}", m => m.GetProperty("state").GetString() == "delivered"));
        }

        Assert.All(views, view =>
        {
            Assert.Equal("Order 17", view.GetProperty("subject").GetString());
            Assert.Equal("order", view.GetProperty("tags")[0].GetString());
            Assert.Equal("17", view.GetProperty("metadata").GetProperty("number").GetString());
            Assert.Equal("o17", view.GetProperty("custom_id").GetString());
            Assert.Equal("bootstrap", view.GetProperty("credential").GetString());
            Assert.Equal(["accepted", "delivered"], view.GetProperty("events").EnumerateArray().Select(e => e.GetProperty("type").GetString()));
        });
        JsonElement stats = await host.UntilAsync("/v1/stats?tag=order", s => s.GetProperty("total").GetProperty("delivered").GetInt64() == 3);
        Assert.Equal(3, stats.GetProperty("total").GetProperty("accepted").GetInt64());

        // Nothing of the labels left the host.
        string[] captured = Directory.GetFiles(Path.Combine(Path.GetDirectoryName(host.Servers.Spool.Folder)!, "captured"), "*.eml");
        Assert.Equal(3, captured.Length);
        foreach (string path in captured)
        {
            using MimeMessage message = await MimeMessage.LoadAsync(path, Cancellation);
            Assert.Equal("Order 17", message.Subject);
            Assert.Equal("Thank you", message.TextBody?.Trim());
            Assert.DoesNotContain(message.Headers, header => header.Field.StartsWith("X-", StringComparison.OrdinalIgnoreCase));
        }
    }

    [Fact]
    public async Task Keys_of_the_API_submit_by_SMTP_for_their_domains_only_and_stop_when_taken_back()
    {
        await using RunningHost host = RunningHost.Start();
        JsonElement made = await host.PostAsync("/v1/keys", """{"name":"shop","scopes":["send"],"sender_domains":["shop.example"]}""", HttpStatusCode.Created);
        string key = made.GetProperty("key").GetString()!;
        string id = Id(made);

        using SmtpClient client = await ConnectAsync(host);
        await client.AuthenticateAsync(id, key, Cancellation);
        await client.SendAsync(Message("a@shop.example"), Cancellation);
        await Assert.ThrowsAsync<SmtpCommandException>(() => client.SendAsync(Message("a@other.example"), Cancellation));

        using HttpRequestMessage revoke = new(HttpMethod.Delete, $"/v1/keys/{id}");
        using HttpResponseMessage revoked = await host.Client.SendAsync(revoke, Cancellation);
        Assert.Equal(HttpStatusCode.NoContent, revoked.StatusCode);
        using SmtpClient again = await ConnectAsync(host);
        await Assert.ThrowsAsync<AuthenticationException>(() => again.AuthenticateAsync(id, key, Cancellation));
    }

    [Fact]
    public async Task A_keys_rate_is_one_for_REST_and_SMTP()
    {
        await using RunningHost host = RunningHost.Start();
        JsonElement made = await host.PostAsync("/v1/keys", """{"name":"slow","scopes":["send"],"per_second":1}""", HttpStatusCode.Created);
        string key = made.GetProperty("key").GetString()!;
        using SmtpClient client = await ConnectAsync(host);
        await client.AuthenticateAsync(Id(made), key, Cancellation);

        // A batch takes what minutes would give.
        string items = string.Join(',', Enumerable.Repeat("""{"from":"a@shop.example","to":"b@example.net","text":"x"}""", 500));
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/messages/batch")
        {
            Content = new StringContent($$"""{"messages":[{{items}}]}""", System.Text.Encoding.UTF8, "application/json"),
            Headers = { Authorization = new("Bearer", key) },
        };
        using HttpResponseMessage batch = await host.Client.SendAsync(request, Cancellation);
        Assert.Equal(HttpStatusCode.OK, batch.StatusCode);

        SmtpCommandException refused = await Assert.ThrowsAsync<SmtpCommandException>(() => client.SendAsync(Message("a@shop.example"), Cancellation));
        Assert.Equal(451, (int)refused.StatusCode);
        Assert.StartsWith("4.7.1 ", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Fields_of_other_services_are_read_by_SMTP_and_taken_off()
    {
        (string Field, string Value, string Tags, string Metadata)[] fields =
        [
            ("X-PM-Tag", "welcome", "welcome", ""),
            ("X-PM-Metadata-color", "blue", "", "color=blue"),
            ("X-Mailgun-Tag", "spring", "spring", ""),
            ("X-Mailgun-Variables", """{"order": "17", "shop": 3}""", "", "order=17,shop=3"),
            ("X-SES-MESSAGE-TAGS", "campaign=news, kind=bulk", "campaign:news,kind:bulk", "campaign=news,kind=bulk"),
            ("X-SMTPAPI", """{"category": ["a", "b"], "unique_args": {"k": "v"}}""", "a,b", "k=v"),
        ];
        await using RunningHost host = RunningHost.Start();
        using SmtpClient client = await ConnectAsync(host);
        foreach ((string field, string value, string tags, string metadata) in fields)
        {
            using MimeMessage message = Message("shop@example.com");
            message.Headers.Add(field, value);
            string id = (await client.SendAsync(message, Cancellation)).Split(' ').First(word => word.Length == 32);

            JsonElement view = await host.UntilAsync($"/v1/messages/{id}", m => m.GetProperty("state").GetString() == "delivered");

            Assert.Equal(tags, string.Join(',', view.GetProperty("tags").EnumerateArray().Select(tag => tag.GetString())));
            Assert.Equal(metadata, string.Join(',', view.GetProperty("metadata").EnumerateObject().Select(pair => $"{pair.Name}={pair.Value.GetString()}")));
        }

        await host.UntilAsync("/v1/stats?tag=a", s => s.GetProperty("total").GetProperty("delivered").GetInt64() == 1);
        string[] captured = Directory.GetFiles(Path.Combine(Path.GetDirectoryName(host.Servers.Spool.Folder)!, "captured"), "*.eml");
        Assert.Equal(fields.Length, captured.Length);
        foreach (string path in captured)
        {
            Assert.DoesNotContain("\nX-", await File.ReadAllTextAsync(path, Cancellation), StringComparison.OrdinalIgnoreCase);
        }
    }

    [Fact]
    public async Task A_message_that_is_bounced_by_REST_is_returned_to_its_sender_and_the_notification_is_no_ones_mailing()
    {
        await using RunningHost host = RunningHost.Start();
        string id = Id(await host.PostAsync(
            "/v1/messages",
            $$"""{"from":"shop@example.com","to":"a@example.net","subject":"Order 17","text":"x","tags":["order"],"scheduled_at":"{{DateTimeOffset.UtcNow.AddHours(1):O}}"}""",
            HttpStatusCode.Accepted));

        JsonElement changed = await host.PostAsync("/v1/queue/bounce", $$"""{"message_id":"{{id}}","reason":"Not wanted any more"}""", HttpStatusCode.OK);

        Assert.Equal(1, changed.GetProperty("changed").GetInt32());
        JsonElement message = await host.UntilAsync($"/v1/messages/{id}", m => m.GetProperty("state").GetString() == "bounced");
        Assert.Contains("Not wanted any more", message.ToString(), StringComparison.Ordinal);
        JsonElement list = await host.UntilAsync("/v1/messages?recipient=shop@example.com&state=delivered", m => m.GetProperty("data").GetArrayLength() == 1);
        JsonElement notification = list.GetProperty("data")[0];
        Assert.Equal(string.Empty, notification.GetProperty("reverse_path").GetString());
        string path = Assert.Single(Directory.GetFiles(Path.Combine(Path.GetDirectoryName(host.Servers.Spool.Folder)!, "captured"), "*.eml"));
        using MimeMessage report = await MimeMessage.LoadAsync(path, Cancellation);
        Assert.Equal("multipart/report", report.Body!.ContentType.MimeType);

        // It is mail that the relay sends, and counted in the total; in its tag's and its sender's figures it is not.
        await host.UntilAsync("/v1/stats", s => s.GetProperty("total").GetProperty("delivered").GetInt64() == 1);
        JsonElement ours = (await host.GetAsync("/v1/stats?sender_domain=example.com")).GetProperty("total");
        Assert.Equal((1, 1, 0), (ours.GetProperty("accepted").GetInt64(), ours.GetProperty("bounced").GetInt64(), ours.GetProperty("delivered").GetInt64()));
    }

    [Fact]
    public async Task Every_route_of_the_API_is_in_the_document_with_its_security_and_answers()
    {
        await using RunningHost host = RunningHost.Start();

        JsonElement document = await host.GetAsync("/openapi/v1.json");

        string[] expected =
        [
            "get /v1/events", "get /v1/keys", "get /v1/messages", "get /v1/messages/{id}", "get /v1/messages/{id}/content", "get /v1/messages/{id}/events",
            "get /v1/queue", "get /v1/queue/destinations", "get /v1/stats", "get /v1/suppressions", "get /v1/suppressions/{address}", "get /v1/tags",
            "get /v1/templates", "get /v1/templates/{name}", "get /v1/webhooks", "get /v1/webhooks/{id}", "get /v1/webhooks/{id}/deliveries",
            "delete /v1/keys/{id}", "delete /v1/suppressions/{address}", "delete /v1/templates/{name}", "delete /v1/webhooks/{id}", "patch /v1/webhooks/{id}",
            "post /v1/keys", "post /v1/keys/{id}/rotate", "post /v1/queue/purge", "post /v1/messages", "post /v1/messages/batch", "post /v1/messages/raw", "post /v1/messages/{id}/cancel", "post /v1/messages/{id}/reschedule",
            "post /v1/queue/bounce", "post /v1/queue/cancel", "post /v1/queue/destinations/{domain}/resume", "post /v1/queue/destinations/{domain}/suspend",
            "post /v1/queue/hold", "post /v1/queue/release", "post /v1/queue/retry", "post /v1/suppressions", "post /v1/suppressions/bulk", "post /v1/templates",
            "post /v1/templates/{name}/preview", "post /v1/webhooks", "post /v1/webhooks/{id}/deliveries/{delivery}/replay", "post /v1/webhooks/{id}/test",
        ];
        var routes = new List<string>();
        foreach (JsonProperty path in document.GetProperty("paths").EnumerateObject())
        {
            foreach (JsonProperty method in path.Value.EnumerateObject())
            {
                routes.Add($"{method.Name} {path.Name.TrimEnd('/')}");
                Assert.True(method.Value.TryGetProperty("security", out _), path.Name);
                Assert.True(method.Value.GetProperty("summary").GetString()!.Length > 0, path.Name);
                JsonElement responses = method.Value.GetProperty("responses");
                Assert.Contains(responses.EnumerateObject(), response => response.Name.StartsWith('2'));
                Assert.True(responses.TryGetProperty("429", out _), path.Name);
                if (path.Name is "/v1/stats")
                {
                    Assert.Equal(
                        ["from", "to", "tag", "sender_domain", "recipient_domain", "group_by", "interval", "limit", "cursor"],
                        method.Value.GetProperty("parameters").EnumerateArray().Select(parameter => parameter.GetProperty("name").GetString()));
                }

                // What the document says exists, exists: without a key each is answered with 401, and not with 404 or 405.
                string concrete = System.Text.RegularExpressions.Regex.Replace(path.Name, "{[a-z]+}", "1");
                using var nobody = new HttpClient { BaseAddress = host.Url };
                using var request = new HttpRequestMessage(new HttpMethod(method.Name.ToUpperInvariant()), concrete);
                if (method.Value.TryGetProperty("requestBody", out _))
                {
                    request.Content = new StringContent("{}", System.Text.Encoding.UTF8, "application/json");
                }

                using HttpResponseMessage response = await nobody.SendAsync(request, Cancellation);
                Assert.True(response.StatusCode == HttpStatusCode.Unauthorized, $"{request.Method} {concrete}: {response.StatusCode}");
            }
        }

        Assert.Equal(expected.Order(StringComparer.Ordinal), routes.Order(StringComparer.Ordinal));
        JsonElement request1 = document.GetProperty("components").GetProperty("schemas").GetProperty("MessageRequest").GetProperty("properties");
        Assert.True(request1.TryGetProperty("reply_to", out _));
        Assert.True(request1.TryGetProperty("scheduled_at", out _));
        string reference = await host.Client.GetStringAsync(new Uri("/reference/", UriKind.Relative), Cancellation);
        Assert.DoesNotContain("https://", reference, StringComparison.Ordinal);
    }

    private static string Id(JsonElement answer) => answer.GetProperty("id").GetString()!;

    private static async Task<SmtpClient> ConnectAsync(RunningHost host)
    {
        string pem = await File.ReadAllTextAsync(host.Servers.DevelopmentCertificate!.CertificatePath, Cancellation);
        using var expected = X509Certificate2.CreateFromPem(pem);
        byte[] octets = expected.RawData;
        var client = new SmtpClient
        {
            ServerCertificateValidationCallback = (_, certificate, _, _) => certificate is not null && octets.AsSpan().SequenceEqual(certificate.GetRawCertData()),
            CheckCertificateRevocation = false,
        };
        await client.ConnectAsync(host.Smtp.Address.ToString(), host.Smtp.Port, SecureSocketOptions.StartTls, Cancellation);
        return client;
    }

    private static MimeMessage Message(string from)
    {
        var message = new MimeMessage { Subject = "Order 17", Body = new TextPart("plain") { Text = "Thank you" } };
        message.From.Add(MailboxAddress.Parse(from));
        message.To.Add(MailboxAddress.Parse("a@example.net"));
        return message;
    }

    /// <returns>The id in the 250 reply.</returns>
    private static async Task<string> SubmitAsync(RunningHost host)
    {
        using SmtpClient client = await ConnectAsync(host);
        await client.AuthenticateAsync("anything", RunningHost.Key, Cancellation);
        using MimeMessage message = Message("shop@example.com");
        message.Headers.Add("X-PM-Tag", "order");
        message.Headers.Add("X-Metadata-number", "17");
        message.Headers.Add("X-Custom-Id", "o17");
        string reply = await client.SendAsync(message, Cancellation);
        await client.DisconnectAsync(true, Cancellation);
        return reply.Split(' ').First(word => word.Length == 32);
    }
}
