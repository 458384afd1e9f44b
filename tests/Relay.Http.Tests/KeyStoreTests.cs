using System.Text;
using Microsoft.Extensions.Time.Testing;

namespace Relay.Http.Tests;

public sealed class KeyStoreTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_key_works_after_a_restart_and_its_text_is_nowhere_in_the_files()
    {
        await using var temporary = new TemporaryStore();
        string text;
        using (var keys = new KeyStore(temporary.Store, null, TimeProvider.System))
        {
            Assert.False(keys.HasManager);
            (ApiKey made, text) = await keys.CreateAsync("first", KeyScopes.Manage, ["example.com"], 7, Cancellation);
            Assert.True(keys.HasManager);
            Assert.Equal(made, await keys.VerifyAsync(text, Cancellation));
        }

        await temporary.ReopenAsync();
        using (var keys = new KeyStore(temporary.Store, null, TimeProvider.System))
        {
            ApiKey? key = await keys.VerifyAsync(text, Cancellation);

            Assert.NotNull(key);
            Assert.Equal(("first", KeyScopes.Manage, 7), (key.Name, key.Scopes, key.PerSecond));
            Assert.Equal(["example.com"], key.SenderDomains);
            Assert.Null(await keys.VerifyAsync(text[..^1] + (text[^1] == 'a' ? 'b' : 'a'), Cancellation));
            Assert.Null(await keys.VerifyAsync("rk_aaaaaaaaaaaa_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", Cancellation));
            Assert.Null(await keys.VerifyAsync(string.Empty, Cancellation));
        }

        byte[] secret = Encoding.ASCII.GetBytes(text[^43..]);
        foreach (string file in Directory.GetFiles(Path.GetDirectoryName(temporary.FilePath)!))
        {
            await using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            using var octets = new MemoryStream();
            await stream.CopyToAsync(octets, Cancellation);
            Assert.Equal(-1, octets.ToArray().AsSpan().IndexOf(secret));
        }
    }

    [Fact]
    public async Task A_key_that_was_taken_back_fails_at_once_and_for_ever()
    {
        await using var temporary = new TemporaryStore();
        using var keys = new KeyStore(temporary.Store, null, TimeProvider.System);
        (ApiKey key, string text) = await keys.CreateAsync("k", KeyScopes.Send, [], null, Cancellation);
        Assert.NotNull(await keys.VerifyAsync(text, Cancellation));

        Assert.True(await keys.RevokeAsync(key.Id, Cancellation));

        Assert.Null(await keys.VerifyAsync(text, Cancellation));
        Assert.Null(keys.Find(key.Id));
        Assert.False(await keys.RevokeAsync(key.Id, Cancellation));
        await temporary.ReopenAsync();
        using var again = new KeyStore(temporary.Store, null, TimeProvider.System);
        Assert.Null(await again.VerifyAsync(text, Cancellation));
    }

    [Fact]
    public async Task The_configurations_key_manages()
    {
        await using var temporary = new TemporaryStore();
        using var keys = new KeyStore(temporary.Store, "a-key-of-the-configuration", TimeProvider.System);

        Assert.True(keys.HasManager);
        Assert.Equal(KeyStore.BootstrapId, (await keys.VerifyAsync("a-key-of-the-configuration", Cancellation))?.Id);
        Assert.Null(await keys.VerifyAsync("a-key-of-the-configuratioN", Cancellation));
    }

    [Theory]
    [InlineData("example.com", true)]
    [InlineData("EXAMPLE.com", true)]
    [InlineData("sub.example.com", false)]
    [InlineData("a.example.org", true)]
    [InlineData("example.org", false)]
    [InlineData("badexample.com", false)]
    public void Sender_domains_are_whole_names_or_below_a_dot(string domain, bool may)
    {
        var key = new ApiKey("rk_x", "k", KeyScopes.Send, ["example.com", ".example.org"], null, default, null, null);

        Assert.Equal(may, key.MaySendFrom(domain));
    }

    [Fact]
    public void A_key_has_its_rate_and_two_seconds_of_it_at_once()
    {
        var time = new FakeTimeProvider();
        var rates = new KeyRates(5, time);
        var key = new ApiKey("rk_x", "k", KeyScopes.Send, [], null, default, null, null);

        Assert.Equal(10, Enumerable.Range(0, 100).Count(_ => rates.Take(key) is null));
        Assert.InRange(rates.Take(key)!.Value.TotalSeconds, 0.199, 0.201);
        Assert.Null(rates.Take(key with { Id = "rk_y" }));
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(5, Enumerable.Range(0, 100).Count(_ => rates.Take(key) is null));
    }

    [Fact]
    public void A_batch_is_no_way_around_the_rate()
    {
        var time = new FakeTimeProvider();
        var rates = new KeyRates(1, time);
        var key = new ApiKey("rk_x", "k", KeyScopes.Send, [], null, default, null, null);

        Assert.Null(rates.Take(key, 500));
        Assert.InRange(rates.Take(key)!.Value.TotalSeconds, 498.999, 499.001);
        time.Advance(TimeSpan.FromSeconds(498));
        Assert.NotNull(rates.Take(key));
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Null(rates.Take(key));
    }
}
