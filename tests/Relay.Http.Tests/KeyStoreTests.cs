using System.Text;

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
    public void A_bucket_that_is_empty_says_when_to_try_again()
    {
        using var rates = new KeyRates(5);
        var key = new ApiKey("rk_x", "k", KeyScopes.Send, [], null, default, null, null);
        var other = key with { Id = "rk_y" };

        TimeSpan? refused = null;
        for (int i = 0; i < 1000 && refused is null; i++)
        {
            refused = rates.Take(key);
        }

        Assert.True(refused > TimeSpan.Zero);
        Assert.Null(rates.Take(other));
    }
}
