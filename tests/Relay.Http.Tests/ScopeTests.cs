using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Relay.Http.Tests;

/// <summary>What each key may ask, over all routes, and that a key of some sender domains sees nothing of others.</summary>
public sealed partial class ScopeTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_route_lets_through_the_scopes_that_it_should_and_no_other()
    {
        await using RunningService service = await RunningService.StartAsync();
        using HttpClient send = service.ClientOf(await KeyAsync(service, """{"name":"k","scopes":["send"]}"""));
        using HttpClient read = service.ClientOf(await KeyAsync(service, """{"name":"k","scopes":["read"]}"""));
        using HttpClient bound = service.ClientOf(await KeyAsync(service, """{"name":"k","scopes":["read"],"sender_domains":["shop.example"]}"""));
        using HttpClient manage = service.ClientOf(await KeyAsync(service, """{"name":"k","scopes":["manage"]}"""));
        using HttpClient wrong = service.ClientOf($"rk_abcdefghijkl_{new string('x', 43)}");
        JsonElement document = (await service.GetAsync("/openapi/v1.json")).Body;
        int routes = 0;
        foreach (JsonProperty path in document.GetProperty("paths").EnumerateObject())
        {
            foreach (JsonProperty method in path.Value.EnumerateObject())
            {
                string route = $"{method.Name} {path.Name.TrimEnd('/')}";
                bool isSend = SendRoute().IsMatch(route);
                bool isRead = route.StartsWith("get ", StringComparison.Ordinal) ? !ManageRoute().IsMatch(route) : route == "post /v1/templates/{name}/preview";
                bool isOfAll = isRead && OfAllRoute().IsMatch(route);
                Assert.Equal(
                    (HttpStatusCode.Unauthorized, isSend, isRead, isRead && !isOfAll, true, route),
                    (await AskAsync(wrong), await MayAsync(send), await MayAsync(read), await MayAsync(bound), await MayAsync(manage), route));
                routes++;

                async Task<bool> MayAsync(HttpClient client) => await AskAsync(client) is not (HttpStatusCode.Forbidden or HttpStatusCode.Unauthorized);

                async Task<HttpStatusCode> AskAsync(HttpClient client)
                {
                    using var request = new HttpRequestMessage(new HttpMethod(method.Name.ToUpperInvariant()), Placeholder().Replace(path.Name, "1"));
                    if (method.Name is "post" or "patch")
                    {
                        request.Content = new StringContent("{}", Encoding.UTF8, "application/json");
                    }

                    using HttpResponseMessage response = await client.SendAsync(request, Cancellation);
                    return response.StatusCode;
                }
            }
        }

        Assert.True(routes > 40);
    }

    [Fact]
    public async Task A_key_of_a_domain_sees_the_mail_of_that_domain_only()
    {
        await using RunningService service = await RunningService.StartAsync();
        var bank = new List<string>();
        for (int i = 0; i < 5; i++)
        {
            bank.Add(await service.SubmitAsync("""{"from":"ceo@bank.example","to":"a@example.net","text":"x","subject":"secret","tags":["bank"]}"""));
            await service.SubmitAsync("""{"from":"a@shop.example","to":"a@example.net","text":"x","subject":"ours","tags":["shop"]}""");
        }

        string later = await service.SubmitAsync($$"""{"from":"ceo@bank.example","to":"a@example.net","text":"x","scheduled_at":"{{DateTimeOffset.UtcNow.AddHours(1):O}}"}""");
        await service.FiguresAsync(string.Empty, body => body.GetProperty("total").GetProperty("delivered").GetInt64() == 10);
        (_, JsonElement all) = await service.GetAsync("/v1/messages?limit=4");
        string foreignCursor = all.GetProperty("next_cursor").GetString()!;
        using HttpClient shop = service.ClientOf(await KeyAsync(service, """{"name":"k","scopes":["read","send"],"sender_domains":["shop.example"]}"""));
        using HttpClient several = service.ClientOf(await KeyAsync(service, """{"name":"k","scopes":["read"],"sender_domains":["other.example",".bank.example"]}"""));

        foreach (string id in bank)
        {
            foreach (string what in (string[])["", "/events", "/content"])
            {
                Assert.Equal(HttpStatusCode.NotFound, (await AskAsync(shop, HttpMethod.Get, $"/v1/messages/{id}{what}")).Status);
            }
        }

        Assert.Equal(HttpStatusCode.NotFound, (await AskAsync(shop, HttpMethod.Post, $"/v1/messages/{later}/cancel")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await AskAsync(shop, HttpMethod.Post, $"/v1/messages/{later}/reschedule", $$"""{"scheduled_at":"{{DateTimeOffset.UtcNow.AddHours(2):O}}"}""")).Status);
        foreach (string query in (string[])["", $"?cursor={foreignCursor}", "?q=secret", "?tag=bank", "?sender_domain=bank.example", "?recipient=a@example.net", "?state=delivered"])
        {
            (HttpStatusCode status, JsonElement page) = await AskAsync(shop, HttpMethod.Get, $"/v1/messages{query}");
            Assert.Equal(HttpStatusCode.OK, status);
            Assert.All(page.GetProperty("data").EnumerateArray(), message => Assert.Equal("ours", message.GetProperty("subject").GetString()));
        }

        Assert.Equal(5, (await AskAsync(shop, HttpMethod.Get, "/v1/messages")).Body.GetProperty("data").GetArrayLength());
        Assert.Equal(0, (await AskAsync(several, HttpMethod.Get, "/v1/messages")).Body.GetProperty("data").GetArrayLength());
        Assert.All((await AskAsync(shop, HttpMethod.Get, "/v1/events?limit=100")).Body.GetProperty("data").EnumerateArray(), happened => Assert.Equal("shop", happened.GetProperty("tags")[0].GetString()));
        Assert.Equal(5, (await AskAsync(shop, HttpMethod.Get, "/v1/stats")).Body.GetProperty("total").GetProperty("accepted").GetInt64());
        Assert.Equal(["shop"], (await AskAsync(shop, HttpMethod.Get, "/v1/tags")).Body.GetProperty("data").EnumerateArray().Select(tag => tag.GetProperty("name").GetString()));
        Assert.Equal(HttpStatusCode.UnprocessableEntity, (await AskAsync(shop, HttpMethod.Get, "/v1/stats?sender_domain=bank.example")).Status);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, (await AskAsync(several, HttpMethod.Get, "/v1/stats")).Status);

        // No page for it either: what a page shows is of all mail.
        using var form = new FormUrlEncodedContent([KeyValuePair.Create("key", shop.DefaultRequestHeaders.Authorization!.Parameter!)]);
        using HttpResponseMessage signIn = await shop.PostAsync(new Uri("/login", UriKind.Relative), form, Cancellation);
        Assert.Equal(HttpStatusCode.Forbidden, signIn.StatusCode);
    }

    [Theory]
    [InlineData("/v1/messages?cursor=1")]
    [InlineData("/v1/messages?cursor=..%2F..%2Fetc")]
    [InlineData("/v1/messages?cursor=00000000000000000000000000000000.-1")]
    [InlineData("/v1/messages?cursor=00000000000000000000000000000000.99999999999")]
    [InlineData("/v1/events?cursor=-1")]
    [InlineData("/v1/events?cursor=1e9")]
    [InlineData("/v1/events?cursor=99999999999999999999")]
    [InlineData("/v1/stats?group_by=tag&cursor=-1")]
    [InlineData("/v1/tags?cursor=x%27%20OR%201=1")]
    public async Task A_cursor_that_is_none_is_refused_by_its_name(string path)
    {
        await using RunningService service = await RunningService.StartAsync();

        (HttpStatusCode status, JsonElement problem) = await service.GetAsync(path);

        Assert.Equal(HttpStatusCode.UnprocessableEntity, status);
        Assert.Equal("cursor", problem.GetProperty("errors")[0].GetProperty("field").GetString());
    }

    [Theory]
    [InlineData("/v1/messages?tags=order", "tags", "takes tag, metadata[KEY], recipient,")]
    [InlineData("/v1/messages?tag=a&tag=b", "tag", "more than once")]
    [InlineData("/v1/messages?meta[a]=b", "meta[a]", "takes tag,")]
    [InlineData("/v1/messages?%0d%0aX=y", "??X", "takes tag,")]
    [InlineData("/v1/stats?group=tag", "group", "takes from, to, tag, sender_domain, recipient_domain, group_by, interval, limit, cursor.")]
    [InlineData("/v1/stats?metadata[a]=b", "metadata[a]", "takes from,")]
    [InlineData("/v1/tags?group_by=tag", "group_by", "takes from,")]
    [InlineData("/v1/events?after=3", "after", "takes limit, cursor.")]
    [InlineData("/v1/suppressions?reason=manual", "reason", "takes limit, cursor.")]
    [InlineData("/v1/queue/destinations?limit=3", "limit", "takes no query parameters")]
    public async Task A_query_parameter_that_the_route_does_not_know_is_refused_by_its_name(string path, string name, string expected)
    {
        await using RunningService service = await RunningService.StartAsync();

        (HttpStatusCode status, JsonElement problem) = await service.GetAsync(path);

        Assert.Equal(HttpStatusCode.BadRequest, status);
        JsonElement error = Assert.Single(problem.GetProperty("errors").EnumerateArray());
        Assert.Equal(name, error.GetProperty("field").GetString());
        Assert.Contains(expected, error.GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/v1/stats?to=0001-01-01", "to")]
    [InlineData("/v1/stats?from=1%2F2%2F2026", "from")]
    [InlineData("/v1/messages?from=2026-11-30T10:00:00", "from")]
    [InlineData("/v1/messages?to=2026-11-30T25:00:00Z", "to")]
    public async Task A_time_that_is_none_of_RFC_3339_is_refused_by_its_name(string path, string name)
    {
        await using RunningService service = await RunningService.StartAsync();

        (HttpStatusCode status, JsonElement problem) = await service.GetAsync(path);

        Assert.Equal(HttpStatusCode.UnprocessableEntity, status);
        Assert.Equal(name, problem.GetProperty("errors")[0].GetProperty("field").GetString());
    }

    [Fact]
    public async Task Wrong_keys_at_the_sign_in_are_bounded_by_address()
    {
        await using RunningService service = await RunningService.StartAsync();
        using HttpClient guesser = From(IPAddress.Loopback);
        using HttpClient other = From(IPAddress.Parse("127.0.0.2"));

        HttpResponseMessage[] guesses = await Task.WhenAll(Enumerable.Range(0, 40).Select(i => SignInAsync(guesser, $"wrong-{i}")));
        Assert.InRange(guesses.Count(guess => guess.StatusCode == HttpStatusCode.Forbidden), 10, 15);

        // Not even a right one is looked at; another address is not concerned, and right keys use nothing up.
        HttpResponseMessage refused = await SignInAsync(guesser, RunningService.Key);
        Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
        Assert.Equal(TimeSpan.FromSeconds(30), refused.Headers.RetryAfter!.Delta);
        for (int i = 0; i < 20; i++)
        {
            Assert.Equal(HttpStatusCode.Redirect, (await SignInAsync(other, RunningService.Key)).StatusCode);
        }

        HttpClient From(IPAddress address) => new(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            ConnectCallback = async (context, cancellationToken) =>
            {
                var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
                try
                {
                    socket.Bind(new IPEndPoint(address.MapToIPv6(), 0));
                    await socket.ConnectAsync(context.DnsEndPoint, cancellationToken);
                    return new NetworkStream(socket, ownsSocket: true);
                }
                catch
                {
                    socket.Dispose();
                    throw;
                }
            },
        })
        { BaseAddress = service.Url };

        static async Task<HttpResponseMessage> SignInAsync(HttpClient browser, string key)
        {
            using var form = new FormUrlEncodedContent([KeyValuePair.Create("key", key)]);
            return await browser.PostAsync(new Uri("/login", UriKind.Relative), form, Cancellation);
        }
    }

    [Theory]
    [InlineData("cross-site", HttpStatusCode.Forbidden)]
    [InlineData("same-site", HttpStatusCode.Forbidden)]
    [InlineData("same-origin", HttpStatusCode.Redirect)]
    public async Task Nobody_is_signed_in_by_a_page_of_another_site(string from, HttpStatusCode expected)
    {
        await using RunningService service = await RunningService.StartAsync();
        using var handler = new HttpClientHandler { AllowAutoRedirect = false };
        using var browser = new HttpClient(handler) { BaseAddress = service.Url };
        using var request = new HttpRequestMessage(HttpMethod.Post, "/login") { Content = new FormUrlEncodedContent([KeyValuePair.Create("key", RunningService.Key)]) };
        request.Headers.Add("Sec-Fetch-Site", from);

        using HttpResponseMessage response = await browser.SendAsync(request, Cancellation);

        Assert.Equal(expected, response.StatusCode);
    }

    [Fact]
    public async Task A_batch_larger_than_the_rate_is_waited_for_afterwards()
    {
        await using RunningService service = await RunningService.StartAsync();
        using HttpClient slow = service.ClientOf(await KeyAsync(service, """{"name":"slow","scopes":["send"],"per_second":1}"""));
        string items = string.Join(',', Enumerable.Repeat("""{"from":"shop@example.com","to":"a@example.net","text":"x"}""", 100));

        (HttpStatusCode first, _) = await AskAsync(slow, HttpMethod.Post, "/v1/messages/batch", $$"""{"messages":[{{items}}]}""");
        using var again = new StringContent("{}", Encoding.UTF8, "application/json");
        using HttpResponseMessage second = await slow.PostAsync(new Uri("/v1/messages", UriKind.Relative), again, Cancellation);

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.TooManyRequests), (first, second.StatusCode));
        Assert.True(second.Headers.RetryAfter!.Delta > TimeSpan.FromSeconds(30));
    }

    private static async Task<string> KeyAsync(RunningService service, string json)
    {
        (HttpStatusCode status, JsonElement made) = await service.PostAsync("/v1/keys", json);
        Assert.Equal(HttpStatusCode.Created, status);
        return made.GetProperty("key").GetString()!;
    }

    private static async Task<(HttpStatusCode Status, JsonElement Body)> AskAsync(HttpClient client, HttpMethod method, string path, string? json = null)
    {
        using var request = new HttpRequestMessage(method, path);
        if (method == HttpMethod.Post)
        {
            request.Content = new StringContent(json ?? "{}", new MediaTypeHeaderValue("application/json"));
        }

        using HttpResponseMessage response = await client.SendAsync(request, Cancellation);
        string text = await response.Content.ReadAsStringAsync(Cancellation);
        return (response.StatusCode, text.StartsWith('{') ? JsonDocument.Parse(text).RootElement.Clone() : default);
    }

    [GeneratedRegex("^post /v1/messages(/raw|/batch|/{id}/cancel|/{id}/reschedule)?$")]
    private static partial Regex SendRoute();

    [GeneratedRegex("/v1/(keys|webhooks)")]
    private static partial Regex ManageRoute();

    [GeneratedRegex("/v1/(queue|suppressions)")]
    private static partial Regex OfAllRoute();

    [GeneratedRegex("{[a-z]+}")]
    private static partial Regex Placeholder();
}
