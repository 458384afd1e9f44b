using System.Net;
using System.Text;

namespace Smtp.Server.Tests;

/// <summary>The bounds of AUTH exchanges that fail, over all sessions.</summary>
public sealed class AuthenticationThrottleTests
{
    private static readonly IPAddress Here = IPAddress.Parse("192.0.2.1");
    private static readonly IPAddress There = IPAddress.Parse("192.0.2.2");

    [Fact]
    public void A_bucket_empties_at_its_number_and_refills_evenly()
    {
        var throttle = new AuthenticationThrottle(new SmtpAuthenticationLimits { FailuresPerAddress = 5, Period = TimeSpan.FromSeconds(50) });
        for (int i = 0; i < 5; i++)
        {
            Assert.Equal(ThrottleScope.None, throttle.TryBegin(Here, $"user{i}", 1000, out _));
        }

        Assert.Equal(ThrottleScope.Address, throttle.TryBegin(Here, "user", 1000, out _));
        Assert.Equal(ThrottleScope.None, throttle.TryBegin(There, "user", 1000, out _));
        Assert.Equal(ThrottleScope.Address, throttle.TryBegin(Here, "user", 10_999, out _));
        Assert.Equal(ThrottleScope.None, throttle.TryBegin(Here, "user", 11_000, out _));
        Assert.Equal(ThrottleScope.Address, throttle.TryBegin(Here, "user", 11_000, out _));
    }

    [Fact]
    public void An_account_is_guarded_from_many_addresses_but_not_locked_for_its_own()
    {
        var throttle = new AuthenticationThrottle(new SmtpAuthenticationLimits { FailuresPerAccount = 3, FailuresPerAddress = 0 });
        Assert.Equal(ThrottleScope.None, throttle.TryBegin(Here, "alice", 0, out AuthenticationAttempt own));
        throttle.Forgive(own, 0, succeeded: true);
        for (int i = 1; i <= 3; i++)
        {
            Assert.Equal(ThrottleScope.None, throttle.TryBegin(IPAddress.Parse($"198.51.100.{i}"), i == 2 ? "ALICE" : "alice", 0, out _));
        }

        Assert.Equal(ThrottleScope.Account, throttle.TryBegin(There, "alice", 0, out _));
        Assert.Equal(ThrottleScope.None, throttle.TryBegin(There, "bob", 0, out _));
        for (int i = 0; i < 10; i++)
        {
            Assert.Equal(ThrottleScope.None, throttle.TryBegin(Here, "alice", 0, out _));
        }

        // What is known is forgotten: then the address is as any other.
        long later = (long)TimeSpan.FromDays(7).TotalMilliseconds;
        for (int i = 0; i < 3; i++)
        {
            Assert.Equal(ThrottleScope.None, throttle.TryBegin(Here, "alice", later, out _));
        }

        Assert.Equal(ThrottleScope.Account, throttle.TryBegin(Here, "alice", later, out _));
    }

    [Fact]
    public void Right_credentials_cost_nothing_and_neither_do_those_that_nobody_could_check()
    {
        var throttle = new AuthenticationThrottle(new SmtpAuthenticationLimits { FailuresPerAddress = 2, FailuresPerAccount = 2 });
        for (int i = 0; i < 100; i++)
        {
            Assert.Equal(ThrottleScope.None, throttle.TryBegin(Here, "alice", 0, out AuthenticationAttempt attempt));
            throttle.Forgive(attempt, 0, succeeded: i % 2 == 0);
        }
    }

    [Fact]
    public void Guesses_at_once_get_no_further_than_one_after_the_other()
    {
        var throttle = new AuthenticationThrottle(new SmtpAuthenticationLimits { FailuresPerAddress = 7 });
        int begun = 0;
        Parallel.For(0, 1000, i =>
        {
            if (throttle.TryBegin(Here, $"user{i}", 0, out _) == ThrottleScope.None)
            {
                Interlocked.Increment(ref begun);
            }
        });
        Assert.Equal(7, begun);
    }

    [Fact]
    public void Many_addresses_and_names_take_bounded_memory_and_the_youngest_are_remembered()
    {
        var throttle = new AuthenticationThrottle(new SmtpAuthenticationLimits { MaximumRemembered = 1000, FailuresPerAddress = 1, FailuresPerAccount = 1 });
        Span<byte> octets = stackalloc byte[4];
        for (int i = 0; i < 50_000; i++)
        {
            BitConverter.TryWriteBytes(octets, i);
            Assert.Equal(ThrottleScope.None, throttle.TryBegin(new IPAddress(octets), $"user{i}", 0, out _));
        }

        Assert.InRange(throttle.Count, 1000, 2000);
        Assert.Equal(ThrottleScope.Address, throttle.TryBegin(new IPAddress(octets), "other", 0, out _));
        Assert.Equal(ThrottleScope.Account, throttle.TryBegin(IPAddress.Parse("2001:db8::1"), "user49999", 0, out _));
    }

    [Fact]
    public void Zero_is_no_bound()
    {
        var throttle = new AuthenticationThrottle(new SmtpAuthenticationLimits { FailuresPerAddress = 0, FailuresPerAccount = 0 });
        for (int i = 0; i < 1000; i++)
        {
            Assert.Equal(ThrottleScope.None, throttle.TryBegin(Here, "alice", 0, out _));
        }

        Assert.Equal(0, throttle.Count);
    }

    [Theory]
    [InlineData("PLAIN")]
    [InlineData("SCRAM-SHA-256")]
    public async Task Behind_the_bound_not_even_the_right_password_is_looked_at_until_time_has_gone_by(string mechanism)
    {
        int asked = 0;
        var authenticator = new CountingAuthenticator(() => asked++);
        await using var server = TestServer.Start(
            authenticator: authenticator,
            mechanisms: ["PLAIN", "SCRAM-SHA-256"],
            authenticationLimits: new SmtpAuthenticationLimits { FailuresPerAddress = 4, Period = TimeSpan.FromSeconds(40) },
            listeners: TestServer.Listener(allowPlaintextAuthentication: true));
        for (int i = 0; i < 2; i++)
        {
            await using TestClient guessing = await server.ConnectSocketAsync();
            await guessing.GreetAsync();
            await guessing.SayAsync(Plain($"user{i}", "wrong"), "535 5.7.8");
            await guessing.SayAsync(Plain($"user{i + 2}", "wrong"), "535 5.7.8");
        }

        Assert.Equal(4, asked);
        await using TestClient client = await server.ConnectSocketAsync();
        await client.GreetAsync();
        string right = mechanism == "PLAIN" ? Plain(ScriptedAuthenticator.User, ScriptedAuthenticator.Password) : "AUTH SCRAM-SHA-256 " + Base64("n,,n=alice,r=abc");
        await client.SayAsync(right, "454 4.7.0");
        await client.SayAsync(right, "454 4.7.0");
        Assert.Equal(4, asked);

        // As with any failure, the third one in a session ends it.
        await client.SayAsync(right, "421 4.7.0");
        await client.ExpectEndAsync();
        Assert.Equal(3, server.Logs.Entries.Count(e => e.EventId == 19 && e.Text.Contains("this Address", StringComparison.Ordinal)));
        Assert.Equal(4, server.Logs.Entries.Count(e => e.EventId == 16));

        server.Time.Advance(TimeSpan.FromSeconds(11));
        await using TestClient later = await server.ConnectSocketAsync();
        await later.GreetAsync();
        await later.SayAsync(Plain(ScriptedAuthenticator.User, ScriptedAuthenticator.Password), "235 2.7.0");
    }

    [Fact]
    public async Task A_failure_of_the_authenticator_is_nobodys()
    {
        await using var server = TestServer.Start(
            authenticator: new ScriptedAuthenticator { OnAuthenticate = (_, _) => throw new InvalidOperationException("no database") },
            authenticationLimits: new SmtpAuthenticationLimits { FailuresPerAddress = 1, FailuresPerAccount = 1 },
            listeners: TestServer.Listener(allowPlaintextAuthentication: true));
        for (int i = 0; i < 5; i++)
        {
            await using TestClient client = await server.ConnectSocketAsync();
            await client.GreetAsync();
            await client.SayAsync(Plain("alice", "x"), "454 4.7.0 Temporary");
        }

        Assert.DoesNotContain(server.Logs.Entries, e => e.EventId == 19);
    }

    [Fact]
    public void Options_out_of_range_are_refused_by_name()
    {
        Assert.Contains("FailuresPerAddress", Assert.Throws<ArgumentOutOfRangeException>(() => new SmtpAuthenticationLimits { FailuresPerAddress = -1 }).Message, StringComparison.Ordinal);
        Assert.Contains("FailuresPerAccount", Assert.Throws<ArgumentOutOfRangeException>(() => new SmtpAuthenticationLimits { FailuresPerAccount = -1 }).Message, StringComparison.Ordinal);
        Assert.Contains("Period", Assert.Throws<ArgumentOutOfRangeException>(() => new SmtpAuthenticationLimits { Period = TimeSpan.Zero }).Message, StringComparison.Ordinal);
        Assert.Contains("MaximumRemembered", Assert.Throws<ArgumentOutOfRangeException>(() => new SmtpAuthenticationLimits { MaximumRemembered = 10 }).Message, StringComparison.Ordinal);
    }

    private static string Plain(string user, string password) => "AUTH PLAIN " + Base64($"\0{user}\0{password}");

    private static string Base64(string text) => Convert.ToBase64String(Encoding.ASCII.GetBytes(text));

    private sealed class CountingAuthenticator(Action onAsked) : ISmtpAuthenticator, IScramSecretStore
    {
        public ValueTask<AuthenticationResult> AuthenticateAsync(SmtpSessionContext session, Smtp.Core.SaslCredentials credentials, CancellationToken cancellationToken)
        {
            onAsked();
            return new ScriptedAuthenticator().AuthenticateAsync(session, credentials, cancellationToken);
        }

        public ValueTask<Smtp.Core.ScramSecret?> FindSecretAsync(SmtpSessionContext session, string userName, CancellationToken cancellationToken)
        {
            onAsked();
            return default;
        }
    }
}
