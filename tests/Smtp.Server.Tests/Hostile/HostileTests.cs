using System.Diagnostics;
using System.Globalization;
using System.Net;
using Microsoft.Extensions.Logging;
using Smtp.Interop;

namespace Smtp.Server.Tests;

/// <summary>
/// Clients whose wires are cut at any octet, in AUTH, in the handshake, under TLS, in DATA and BDAT, against SMTP and LMTP and a sink that is slow, refuses and throws;
/// slow readers and deaf ones among them. The same seeds each time; for a longer run with others: SMTP_HOSTILE_MINUTES and SMTP_HOSTILE_SEED.
/// </summary>
public sealed class HostileTests(ITestOutputHelper output)
{
    private const int AtOnce = 200;
    private const int Rounds = 4;

    [Fact]
    public async Task Each_250_is_kept_once_and_nothing_else_whatever_becomes_of_the_wire()
    {
        double minutes = Setting("SMTP_HOSTILE_MINUTES", 0);
        int seed = (int)Setting("SMTP_HOSTILE_SEED", 1);
        var ledger = new HostileLedger();
        var sink = new HostileSink(ledger);
        using var certificate = TestCertificate.Create("mail.example.com");
        await using var server = TestServer.Start(
            messages: sink,
            authenticator: new HostileUsers(),
            mechanisms: ["SCRAM-SHA-256", "PLAIN", "LOGIN"],
            certificates: new TlsCertificates(certificate),
            authenticationLimits: new SmtpAuthenticationLimits { FailuresPerAccount = 0, FailuresPerAddress = 0 },
            listeners:
            [
                Listener(TlsMode.StartTls, lmtp: false), Listener(TlsMode.Implicit, lmtp: false), Listener(TlsMode.None, lmtp: true), Listener(TlsMode.StartTls, lmtp: true),
            ]);

        var watch = Stopwatch.StartNew();
        int round = 0;
        do
        {
            await RunRoundAsync(server, ledger, seed + (round++ * AtOnce));
            Assert.Equal(0, sink.Open);
            ledger.Check();
            ledger.Forget();
        }
        while (round < Rounds || watch.Elapsed < TimeSpan.FromMinutes(minutes));

        output.WriteLine($"{round} rounds of {AtOnce}, seeds from {seed}, {watch.Elapsed}: {ledger}");
        Assert.True(ledger.Counts["answered 250"] > 100);
        Assert.True(ledger.Counts["wires cut"] > 100);

        // Seams that throw are told, and nothing else is: no connection failed for a reason of the engine's.
        Assert.DoesNotContain(server.Logs.Entries, e => e.Level >= LogLevel.Warning && e.EventId != 20);
    }

    private static async Task RunRoundAsync(TestServer server, HostileLedger ledger, int seed)
    {
        HostileClient[] clients =
        [
            .. Enumerable.Range(seed, AtOnce).Select(n => new HostileClient(n, ledger, (HostileListener)(n % 4), server.Server.EndPoints[n % 4])),
        ];
        Task[] lives = [.. clients.Select(client => Task.Run(client.LiveAsync))];

        // Others are served meanwhile.
        for (int i = 0; i < 3; i++)
        {
            await using TestClient honest = await server.ConnectSocketAsync();
            await honest.GreetAsync();
            await honest.SayAsync("NOOP", "250 ");
            await honest.SayAsync("QUIT", "221 ");
        }

        // Who is silent or deaf stays until the server's clock has its deadlines; the others are to have all the time they need.
        await QuietAsync(server, lives);
        await server.UntilAsync(Task.WhenAll(lives));
        await server.UntilEmptyAsync();
        foreach (HostileClient client in clients)
        {
            await client.DisposeAsync();
        }
    }

    /// <summary>Waits until no client has ended for a while: what still lives then waits for the server.</summary>
    private static async Task QuietAsync(TestServer server, Task[] lives)
    {
        for (int before = -1, quiet = 0; quiet < 10;)
        {
            int now = lives.Count(life => life.IsCompleted) + server.Server.ConnectionCount;
            quiet = now == before ? quiet + 1 : 0;
            before = now;
            await Task.Delay(TimeSpan.FromMilliseconds(20), TestContext.Current.CancellationToken);
        }
    }

    private static SmtpListenerOptions Listener(TlsMode tls, bool lmtp) => new()
    {
        EndPoint = new IPEndPoint(IPAddress.Loopback, 0),
        Tls = tls,
        Lmtp = lmtp,
        AllowPlaintextAuthentication = true,
    };

    private static double Setting(string name, double otherwise) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } text ? double.Parse(text, CultureInfo.InvariantCulture) : otherwise;
}
