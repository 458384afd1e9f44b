using System.Globalization;
using System.Text;

namespace Smtp.Server.Tests;

/// <summary>No log, not even at Trace, holds a password in any form.</summary>
public sealed class SecretTests
{
    public static TheoryData<string, string> Passwords => new()
    {
        { ScriptedAuthenticator.Password, "235 " },
        { "wr0ng-but-still-secret", "535 " },
    };

    [Theory]
    [MemberData(nameof(Passwords))]
    public async Task Of_a_session_with_PLAIN_and_LOGIN(string password, string outcome)
    {
        string plain = Base64($"\0{ScriptedAuthenticator.User}\0{password}");
        string user = Base64(ScriptedAuthenticator.User);
        string secret = Base64(password);
        string[][] dialogues =
        [
            [$"AUTH PLAIN {plain}"],
            ["AUTH PLAIN", plain],
            ["AUTH LOGIN", user, secret],
            [$"AUTH LOGIN {user}", secret],
            [$"auth plain {plain}"],
            [$"AUTH  PLAIN {plain}"],
            [$"AUTH PLAIN {plain}!"],
            [$"AUTH UNKNOWN {plain}"],
            [$"AUTH PLAIN\t{plain}"],
            [$"AUTH {plain}"],
            [$"AUTH {plain.TrimEnd('=')[..16]} {plain}"],
            [$"AUTH\tPLAIN {plain}"],
            ["AUTH LOGIN", user, secret + "!"],
            ["AUTH PLAIN", $"{plain[..8]} {plain[8..]}"],
            ["AUTH PLAIN", $"{plain}\n{plain}"],
            ["AUTH PLAIN", plain + new string('A', 20000)],
        ];
        await using var server = TestServer.Start(
            authenticator: new ScriptedAuthenticator(), listeners: TestServer.Listener(allowPlaintextAuthentication: true));
        for (int i = 0; i < dialogues.Length; i++)
        {
            await using TestClient client = await server.ConnectSocketAsync();
            await client.GreetAsync();
            string reply = string.Empty;
            foreach (string line in dialogues[i])
            {
                reply = await client.SayAsync(line);
            }

            if (i < 5)
            {
                Assert.StartsWith(outcome, reply, StringComparison.Ordinal);
            }
            else
            {
                Assert.StartsWith("5", reply, StringComparison.Ordinal);
            }
        }

        await server.StopAsync();
        Assert.NotEmpty(server.Logs.Entries);
        Assert.Contains(server.Logs.Entries, e => e.Level == Microsoft.Extensions.Logging.LogLevel.Trace);
        foreach (LogEntry entry in server.Logs.Entries)
        {
            string all = entry.Text + entry.Error;
            Assert.DoesNotContain(password, all, StringComparison.Ordinal);
            Assert.DoesNotContain(secret, all, StringComparison.Ordinal);
            Assert.DoesNotContain(plain[..12], all, StringComparison.Ordinal);
            Assert.DoesNotContain(plain[^12..], all, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Of_a_client_that_sends_its_password_behind_a_refusal()
    {
        // AUTH is not offered in the clear; what the client had pipelined behind it comes in as commands.
        await using var server = TestServer.Start(authenticator: new ScriptedAuthenticator());
        await using TestClient client = await server.ConnectSocketAsync();
        await client.GreetAsync();
        string secret = Base64(ScriptedAuthenticator.Password);
        await client.SendAsync($"AUTH LOGIN\r\n{Base64(ScriptedAuthenticator.User)}\r\n{secret}\r\n");
        await client.ExpectAsync("538 ");
        await client.ExpectAsync("500 ");
        await client.ExpectAsync("500 ");
        Assert.Contains(server.Logs.Entries, e => e.Text.Contains("AUTH LOGIN", StringComparison.Ordinal));
        Assert.All(server.Logs.Entries, e => Assert.DoesNotContain(secret, e.Text, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Of_an_authenticator_that_fails()
    {
        var authenticator = new ScriptedAuthenticator
        {
            OnAuthenticate = (credentials, _) => throw new InvalidOperationException($"no answer for {credentials}"),
        };
        await using var server = TestServer.Start(
            authenticator: authenticator, listeners: TestServer.Listener(allowPlaintextAuthentication: true));
        await using TestClient client = await server.ConnectSocketAsync();
        await client.GreetAsync();
        await client.SayAsync("AUTH PLAIN " + Base64($"\0{ScriptedAuthenticator.User}\0{ScriptedAuthenticator.Password}"), "454 ");
        Assert.Contains(server.Logs.Entries, e => e.Error is not null);
        Assert.All(server.Logs.Entries, e => Assert.DoesNotContain(ScriptedAuthenticator.Password, e.Text + e.Error, StringComparison.Ordinal));
    }

    /// <summary>The arrays that were received into are others' when the session is over.</summary>
    [Theory]
    [InlineData("AUTH PLAIN {0}\r\n")]
    [InlineData("AUTH PLAIN {0}\n")]
    [InlineData("AUTH PLAIN\r\n{0}\r\n")]
    [InlineData("AUTH PLAIN\r\n{0}\n\r\n")]
    [InlineData("AUTH\tPLAIN {0}\r\nNOOP\r\n")]
    [InlineData("AUTH PLAIN {0}")]
    [InlineData("NOOP\r\nAUTH PLAIN {0}\r\nNOOP\r\nNOOP\r\nNOOP\r\nNOOP\r\nNOOP\r\nNOOP\r\nNOOP\r\nNOOP\r\nNOOP\r\nNOOP\r\nNOOP\r\nNOOP\r\nNOOP\r\nNOOP\r\nNOOP\r\n")]
    public async Task Of_what_was_received(string commands)
    {
        string plain = Base64($"\0{ScriptedAuthenticator.User}\0{ScriptedAuthenticator.Password}");
        SmtpListenerOptions listener = TestServer.Listener(allowPlaintextAuthentication: true);
        await using var server = TestServer.Start(authenticator: new ScriptedAuthenticator(), listeners: listener);
        var transport = new RecordingTransport("EHLO client.example.com\r\n", string.Format(CultureInfo.InvariantCulture, commands, plain));
        var connection = new SmtpServerConnection(server.Server, long.MaxValue, transport, listener.CreateProfile(server.Server.Options), listener);
        await connection.RunAsync().Guarded();
        Assert.NotEmpty(transport.Received);
        Assert.All(transport.Received, memory => Assert.Equal(-1, memory.Span.IndexOf(Encoding.ASCII.GetBytes(plain))));
    }

    private static string Base64(string text) => Convert.ToBase64String(Encoding.ASCII.GetBytes(text));
}
