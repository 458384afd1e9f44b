using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Smtp.Interop;

namespace Relay.Host.Tests;

public sealed class RelayProgramTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public async Task Start_lines_tell_what_a_newcomer_needs_and_a_stop_is_no_failure()
    {
        using var stop = new CancellationTokenSource();
        var output = new NotifyingWriter("Ctrl-C stops.");
        var errors = new StringWriter();
        Task<int> running = RelayProgram.RunAsync(Args(), output, errors, stop.Token);
        await Task.WhenAny(output.Seen, running);

        string lines = output.ToString();
        Assert.Contains("127.0.0.1:", lines, StringComparison.Ordinal);
        Assert.Contains("programs on this machine, without AUTH; nobody else", lines, StringComparison.Ordinal);
        Assert.Contains(_folder["data/captured"], lines, StringComparison.Ordinal);
        Assert.Contains("swaks -s 127.0.0.1:", lines, StringComparison.Ordinal);
        await stop.CancelAsync();

        Assert.Equal(0, await running);
        Assert.Empty(errors.ToString());
    }

    [Fact]
    public async Task The_first_start_prints_a_key_that_manages_and_no_later_start_does()
    {
        string first = await StartedAsync(async output =>
        {
            string key = Regex.Match(output, @"First key +(rk_[A-Za-z0-9_]+)").Groups[1].Value;
            using var client = new HttpClient { BaseAddress = new Uri(Regex.Match(output, "http://[0-9.:]+").Value) };
            client.DefaultRequestHeaders.Authorization = new("Bearer", key);
            using HttpResponseMessage keys = await client.GetAsync(new Uri("/v1/keys", UriKind.Relative), TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.OK, keys.StatusCode);
        });
        Assert.Contains("First key", first, StringComparison.Ordinal);

        Assert.DoesNotContain("rk_", await StartedAsync(_ => Task.CompletedTask), StringComparison.Ordinal);
    }

    [Fact]
    public async Task All_wrong_settings_are_told_and_the_exit_code_is_1()
    {
        string errors = await FailAsync("--Relay:Listen=x", "--Relay:NextHop=y");

        Assert.Equal(2, errors.TrimEnd().Split('\n').Length);
        Assert.Contains("relay: Relay:Listen is \"x\"", errors, StringComparison.Ordinal);
        Assert.Contains("relay: Relay:NextHop is \"y\"", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_port_that_is_taken_is_named_with_its_key()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();

        Assert.StartsWith($"relay: Relay:Listen: Cannot listen on {taken.LocalEndpoint}: ", await FailAsync($"--Relay:Listen={taken.LocalEndpoint}"), StringComparison.Ordinal);
        Assert.StartsWith(
            $"relay: Relay:Capture:Listen: Cannot listen on {taken.LocalEndpoint}: ", await FailAsync($"--Relay:Capture:Listen={taken.LocalEndpoint}"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_address_that_is_not_of_this_machine_is_named_with_its_key()
    {
        // RFC 5737: nobody has this one.
        Assert.StartsWith("relay: Relay:Listen: Cannot listen on 203.0.113.9:2525: ", await FailAsync("--Relay:Listen=203.0.113.9:2525"), StringComparison.Ordinal);
        Assert.StartsWith("relay: Relay:Http:Listen is \"203.0.113.9:8025\": ", await FailAsync("--Relay:Http:Listen=203.0.113.9:8025"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_folder_that_cannot_be_made_is_named_with_its_key()
    {
        await File.WriteAllTextAsync(_folder["file"], "in the way", TestContext.Current.CancellationToken);

        Assert.StartsWith($"relay: Relay:Capture:Path: the folder \"{_folder["file/x"]}\" cannot be used: ", await FailAsync($"--Relay:Capture:Path={_folder["file/x"]}"), StringComparison.Ordinal);
        Assert.StartsWith($"relay: Relay:DataPath: the folder \"{_folder["file"]}\" cannot be used: ", await FailAsync($"--Relay:DataPath={_folder["file"]}"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_certificate_that_is_none_is_named_with_its_key()
    {
        await File.WriteAllTextAsync(_folder["x.pem"], "no PEM", TestContext.Current.CancellationToken);

        Assert.StartsWith("relay: Relay:Tls:CertificatePath, ", await FailAsync($"--Relay:Tls:CertificatePath={_folder["x.pem"]}"), StringComparison.Ordinal);
        Assert.StartsWith("relay: Relay:Tls:CertificatePath, ", await FailAsync($"--Relay:Tls:CertificatePath={_folder["not-there.pem"]}"), StringComparison.Ordinal);
        Assert.StartsWith(
            "relay: Relay:NextHopCaPath: ", await FailAsync("--Relay:NextHop=127.0.0.1:1", $"--Relay:NextHopCaPath={_folder["x.pem"]}"), StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    /// <summary>Starts, uses what was printed, and stops.</summary>
    private async Task<string> StartedAsync(Func<string, Task> use)
    {
        using var stop = new CancellationTokenSource();
        var output = new NotifyingWriter("Ctrl-C stops.");
        Task<int> running = RelayProgram.RunAsync(Args(), output, new StringWriter(), stop.Token);
        await Task.WhenAny(output.Seen, running);
        await use(output.ToString());
        await stop.CancelAsync();
        Assert.Equal(0, await running);
        return output.ToString();
    }

    private string[] Args(params string[] args) =>
        ["--Relay:Listen=127.0.0.1:0", "--Relay:Capture:Listen=127.0.0.1:0", "--Relay:Http:Listen=127.0.0.1:0", $"--Relay:DataPath={_folder["data"]}", "--Logging:LogLevel:Default=Error", .. args];

    private async Task<string> FailAsync(params string[] args)
    {
        var output = new StringWriter();
        var errors = new StringWriter();

        Assert.Equal(1, await RelayProgram.RunAsync(Args(args), output, errors, TestContext.Current.CancellationToken));

        Assert.Empty(output.ToString());
        Assert.DoesNotContain("   at ", errors.ToString(), StringComparison.Ordinal);
        return errors.ToString();
    }
}
