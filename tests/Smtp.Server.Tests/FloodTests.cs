using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using Smtp.Interop;

namespace Smtp.Server.Tests;

/// <summary>Many clients at once, idle or ill-meaning: others are served all the while, and behind it nothing is left.</summary>
public sealed class FloodTests
{
    private const int Many = 10_000;

    [Fact]
    public async Task Ten_thousand_connections_are_held_and_each_of_them_answered()
    {
        // Half of the descriptors are the clients', in another process, as one process may not have so many.
        string python = ExternalProgram.Demand("python3", "python3", Assert.Skip);
        ExternalProgram.DemandThat(
            MostDescriptors() >= Many + 1000, $"a process may have {MostDescriptors()} descriptors only: raise it with ulimit -Hn", Assert.Skip);
        await using var server = TestServer.Start(maximumConnections: Many + 100);
        string script = Path.Combine(AppContext.BaseDirectory, "Interop", "hold.py");
        using Process clients = Process.Start(new ProcessStartInfo(python, [script, $"{server.EndPoint.Port}", $"{Many}"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        try
        {
            Assert.Equal($"held {Many}", await ReadLineAsync(clients));
            Assert.Equal(Many, server.Server.ConnectionCount);
            await AssertServedAsync(server);

            await clients.StandardInput.WriteLineAsync("noop");
            await clients.StandardInput.FlushAsync(TestContext.Current.CancellationToken);
            Assert.Equal($"answered {Many}", await ReadLineAsync(clients));
            await AssertServedAsync(server);

            await clients.StandardInput.WriteLineAsync("reset");
            await clients.StandardInput.FlushAsync(TestContext.Current.CancellationToken);
            await server.UntilEmptyAsync();
            await AssertServedAsync(server);
        }
        finally
        {
            if (!clients.HasExited)
            {
                clients.Kill();
            }
        }

        Assert.DoesNotContain(server.Logs.Entries, e => e.Level >= Microsoft.Extensions.Logging.LogLevel.Warning);
    }

    [Fact]
    public async Task Clients_that_connect_and_go()
    {
        await using var server = TestServer.Start(maximumConnections: 10_000);
        using var stop = new CancellationTokenSource();
        Task[] floods = [.. Enumerable.Range(0, 8).Select(i => Task.Run(async () =>
        {
            // Half of them are gone before they are accepted.
            for (int n = 0; n < 500; n++)
            {
                using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                await socket.ConnectAsync(server.EndPoint, CancellationToken.None);
                socket.LingerState = new LingerOption(i % 2 == 0, 0);
            }
        }))];
        for (int i = 0; i < 5; i++)
        {
            await AssertServedAsync(server);
        }

        await Task.WhenAll(floods).Guarded();
        await AssertServedAsync(server);
        await server.UntilEmptyAsync();
        Assert.DoesNotContain(server.Logs.Entries, e => e.Level >= Microsoft.Extensions.Logging.LogLevel.Warning);
    }

    [Theory]
    [InlineData(TlsMode.Implicit)]
    [InlineData(TlsMode.StartTls)]
    public async Task Handshakes_that_stall_half_way(TlsMode tls)
    {
        // A ClientHello's head, and less and less of what should follow.
        byte[] hello = [0x16, 3, 1, 2, 0, 1, 0, 1, 0xFC, 3, 3, .. Enumerable.Repeat((byte)7, 100)];
        using var certificate = TestCertificate.Create("mail.example.com");
        await using var server = TestServer.Start(certificates: new TlsCertificates(certificate), listeners: [TestServer.Listener(tls), TestServer.Listener()]);
        var stalled = new List<TestClient>();
        for (int i = 0; i < 200; i++)
        {
            TestClient client = await server.ConnectSocketAsync();
            stalled.Add(client);
            if (tls == TlsMode.StartTls)
            {
                await client.GreetAsync();
                await client.SayAsync("STARTTLS", "220 ");
            }

            await client.SendAsync(hello.AsMemory(0, i % hello.Length));
        }

        await using (TestClient client = await TestClient.ConnectAsync(server.Server.EndPoints[1]))
        {
            await client.GreetAsync();
            Assert.StartsWith("250 2.0.0", await client.SendMessageAsync(), StringComparison.Ordinal);
        }

        // Their own deadline ends them.
        await server.UntilEmptyAsync();
        foreach (TestClient client in stalled)
        {
            await client.DisposeAsync();
        }
    }

    [Fact]
    public async Task Clients_that_never_read()
    {
        await using var server = TestServer.Start();
        var deaf = new List<TestClient>();
        byte[] commands = [.. Enumerable.Repeat("HELP\r\n"u8.ToArray(), 200_000).SelectMany(octets => octets)];
        for (int i = 0; i < 50; i++)
        {
            deaf.Add(await server.ConnectSocketAsync());
        }

        // Ends when the server cuts the connection; until then the server reads no more than it can answer.
        Task[] floods = [.. deaf.Select(client => Task.Run(() => Record.ExceptionAsync(
            () => client.Socket!.SendAsync(commands, TestContext.Current.CancellationToken).AsTask())))];
        for (int i = 0; i < 5; i++)
        {
            await AssertServedAsync(server);
        }

        await server.UntilEmptyAsync();
        foreach (TestClient client in deaf)
        {
            await client.DisposeAsync();
        }

        await Task.WhenAll(floods).Guarded();
        await AssertServedAsync(server);
    }

    private static async Task AssertServedAsync(TestServer server)
    {
        await using TestClient client = await server.ConnectSocketAsync();
        await client.GreetAsync();
        Assert.StartsWith("250 2.0.0", await client.SendMessageAsync(), StringComparison.Ordinal);
        await client.SayAsync("QUIT", "221 ");
    }

    // Ten thousand connections take a while on a busy machine: a hang is what this is to find.
    private static async Task<string?> ReadLineAsync(Process process) =>
        await process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(TimeSpan.FromMinutes(3));

    private static long MostDescriptors()
    {
        string line = File.ReadLines("/proc/self/limits").First(l => l.StartsWith("Max open files", StringComparison.Ordinal));
        string hard = line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[4];
        return hard == "unlimited" ? long.MaxValue : long.Parse(hard, CultureInfo.InvariantCulture);
    }
}
