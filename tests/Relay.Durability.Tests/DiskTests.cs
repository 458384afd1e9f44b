using System.Diagnostics;
using System.Net;
using Smtp.Interop;

namespace Relay.Durability.Tests;

/// <summary>Disks that fail or are full: a 4yz, nothing half-stored, and service again when the disk serves again.</summary>
public sealed class DiskTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData('n', "452 4.3.1")]
    [InlineData('w', "451 4.3.0")]
    [InlineData('e', "451 4.3.0")]
    public async Task A_disk_that_fails_is_a_4yz_and_what_was_taken_before_and_after_arrives(char fault, string expected)
    {
        using FaultyDisk disk = await FaultyDisk.CreateAsync();
        var ledger = new Ledger();
        await using var receiver = new Receiver(ledger);
        using var relay = new RelayProcess(receiver.Port, disk.Environment, disk.Path) { Http = new IPEndPoint(IPAddress.Loopback, ProgramPort.Find()) };
        relay.Start();
        await relay.StartedAsync();
        using var http = new HttpClient { BaseAddress = new Uri($"http://{relay.Http}") };
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync("/health/ready", Token)).StatusCode);
        var sender = new Sender(relay.EndPoint, ledger);
        await sender.RunAsync(Token, 30);
        Assert.Empty(sender.Refusals);

        disk.Do(fault);
        await sender.RunAsync(Token, 20);
        Assert.Equal(20, sender.Refusals.Count);
        Assert.All(sender.Refusals, r => Assert.StartsWith(expected, r, StringComparison.Ordinal));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await http.GetAsync("/health/ready", Token)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync("/health/live", Token)).StatusCode);

        // It finds out by itself that the disk serves again, though nobody sends to it.
        disk.Do('-');
        while ((await http.GetAsync("/health/ready", Token)).StatusCode != HttpStatusCode.OK)
        {
            await Task.Delay(50, Token);
        }

        await sender.RunAsync(Token, 20);
        Assert.Equal(20, sender.Refusals.Count);
        receiver.Start();
        await relay.DrainAsync();
        Assert.Equal(0, await relay.StopAsync());
        Assert.Null(receiver.Failure);
        ledger.Check();
        Assert.Equal(50, ledger.Accepted);
    }

    [Fact]
    public async Task A_body_that_cannot_be_read_is_put_off_alone_and_arrives_when_it_can()
    {
        using FaultyDisk disk = await FaultyDisk.CreateAsync();
        var ledger = new Ledger();
        await using var receiver = new Receiver(ledger);
        receiver.Start();
        using var relay = new RelayProcess(receiver.Port, disk.Environment, disk.Path) { Http = new IPEndPoint(IPAddress.Loopback, ProgramPort.Find()) };
        relay.Start();
        await relay.StartedAsync();
        using var http = new HttpClient { BaseAddress = new Uri($"http://{relay.Http}") };

        // Each tenth is a file of its own.
        disk.Do('r');
        await new Sender(relay.EndPoint, ledger).RunAsync(Token, 30);
        while (relay.Output.Count(line => line.Contains("its content cannot be read", StringComparison.Ordinal)) < 10 || ledger.Arrived < 27)
        {
            await Task.Delay(50, Token);
        }

        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync("/health/ready", Token)).StatusCode);
        Assert.Equal(27, ledger.Arrived);
        disk.Do('-');
        await relay.DrainAsync();
        Assert.Equal(0, await relay.StopAsync());
        Assert.Null(receiver.Failure);
        ledger.Check();
        Assert.Equal(30, ledger.Arrived);
    }

    [Fact]
    public async Task Short_writes_are_written_on()
    {
        using FaultyDisk disk = await FaultyDisk.CreateAsync();
        var ledger = new Ledger();
        await using var receiver = new Receiver(ledger);
        receiver.Start();
        using var relay = new RelayProcess(receiver.Port, disk.Environment, disk.Path);
        disk.Do('s');
        relay.Start();
        await relay.StartedAsync();
        await new Sender(relay.EndPoint, ledger).RunAsync(Token, 60);

        await relay.DrainAsync();
        Assert.Equal(0, await relay.StopAsync());
        Assert.Null(receiver.Failure);
        ledger.Check();
        Assert.Equal(60, ledger.Accepted);
    }

    [Fact]
    public async Task A_disk_that_is_full_refuses_with_452_and_serves_again_when_there_is_room()
    {
        ExternalProgram.DemandThat(
            string.Equals(Environment.UserName, "root", StringComparison.Ordinal), "Only root may mount a file system", Assert.Skip);
        using var folder = new TemporaryFolder();
        string path = Directory.CreateDirectory(folder["small"]).FullName;
        await RunAsync("mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", path);
        try
        {
            var ledger = new Ledger();
            await using var receiver = new Receiver(ledger);
            using (var relay = new RelayProcess(receiver.Port, spoolPath: Path.Combine(path, "spool")))
            {
                relay.Start();
                await relay.StartedAsync();
                var sender = new Sender(relay.EndPoint, ledger);
                await sender.RunAsync(Token, 1000);
                Assert.NotEmpty(sender.Refusals);

                // The client is not at fault: it is neither slowed nor sent away.
                Assert.All(sender.Refusals, r => Assert.StartsWith("452 4.3.1", r, StringComparison.Ordinal));
                int refused = sender.Refusals.Count;

                await RunAsync("mount", "-o", "remount,size=256m", path);
                await sender.RunAsync(Token, 100);
                Assert.Equal(refused, sender.Refusals.Count);
                receiver.Start();
                await relay.DrainAsync();
                Assert.Equal(0, await relay.StopAsync());
            }

            Assert.Null(receiver.Failure);
            ledger.Check();
            Assert.True(ledger.Accepted > 100);
        }
        finally
        {
            await RunAsync("umount", path);
        }
    }

    [Fact]
    public async Task The_250_is_written_when_the_disk_has_the_message()
    {
        string strace = ExternalProgram.Demand("strace", "strace", Assert.Skip);
        using var folder = new TemporaryFolder();
        var ledger = new Ledger();
        await using var receiver = new Receiver(ledger);
        using (var relay = new RelayProcess(receiver.Port)
        {
            // -D: the relay is the child, and the tracer is out of the way of kills.
            Through = [strace, "-D", "-f", "-o", folder["trace"], "-s", "120", "-e", "trace=fsync,fdatasync,sendto,sendmsg,write,writev"],
        })
        {
            relay.Start();
            await relay.StartedAsync();
            await new Sender(relay.EndPoint, ledger).RunAsync(Token, 1);
            Assert.Equal(1, ledger.Accepted);
            await relay.KillAsync();
        }

        // The tracer writes its last lines when it sees the end of the relay.
        string[] calls;
        while (!(calls = await File.ReadAllLinesAsync(folder["trace"], Token))[^1].Contains("+++", StringComparison.Ordinal))
        {
            await Task.Delay(50, Token);
        }

        int go = Array.FindIndex(calls, c => c.Contains("\"354 ", StringComparison.Ordinal));
        int promise = Array.FindIndex(calls, go + 1, c => c.Contains("\"250 2.0.0 ", StringComparison.Ordinal) && c.Contains("queued", StringComparison.Ordinal));
        int synced = Array.FindIndex(
            calls, go + 1, c => (c.Contains("fsync(", StringComparison.Ordinal) || c.Contains("fsync resumed", StringComparison.Ordinal)
                || c.Contains("fdatasync", StringComparison.Ordinal)) && c.EndsWith("= 0", StringComparison.Ordinal));
        Assert.True(go >= 0 && promise > go && synced > go && synced < promise, $"354 is call {go}, the sync {synced}, the 250 {promise} of {calls.Length}");
    }

    private static async Task RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(program, arguments);
        await process.WaitForExitAsync(Token);
        Assert.Equal(0, process.ExitCode);
    }
}
