using System.Diagnostics;
using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using Smtp.Interop;

namespace Relay.Http.Tests;

/// <summary>The README's commands, as they stand there: only the address is another one.</summary>
public sealed class ReadmeTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_curl_command_of_the_README_does_what_it_says()
    {
        ExternalProgram.Demand("curl", "curl", Assert.Skip);
        string readme = await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "Relay.Http.README.md"), Cancellation);
        string[] blocks = [.. Regex.Matches(readme, "```sh\n(.*?)```", RegexOptions.Singleline).Select(match => match.Groups[1].Value).Where(block => block.Contains("curl ", StringComparison.Ordinal))];
        Assert.True(blocks.Length >= 3);
        await using RunningHost host = RunningHost.Start();
        string id = string.Empty;
        foreach (string block in blocks)
        {
            string answers = await RunAsync(host, block, id);
            Assert.Equal(Regex.Count(block, "^curl ", RegexOptions.Multiline), Regex.Count(answers, "^{", RegexOptions.Multiline));
            if (id.Length == 0)
            {
                id = JsonDocument.Parse(answers).RootElement.GetProperty("id").GetString()!;

                // The README's webhook, which leads out of this machine, comes later and hears nothing of it.
                await host.UntilAsync($"/v1/messages/{id}", m => m.GetProperty("state").GetString() == "delivered");
            }
        }

        Assert.Equal(HttpStatusCode.OK, (await host.Client.GetAsync(new Uri("/v1/templates/order", UriKind.Relative), Cancellation)).StatusCode);
    }

    private static async Task<string> RunAsync(RunningHost host, string commands, string id)
    {
        // Each answer on a line of its own; a refusal ends the script.
        var start = new ProcessStartInfo("bash", ["-euc", "curl() { command curl -sS --fail-with-body \"$@\"; echo; }\n" + commands.Replace("http://127.0.0.1:8025", host.Url.ToString().TrimEnd('/'), StringComparison.Ordinal)])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["KEY"] = RunningHost.Key, ["ID"] = id },
        };
        using Process bash = Process.Start(start)!;
        Task<string> output = bash.StandardOutput.ReadToEndAsync(Cancellation);
        Task<string> errors = bash.StandardError.ReadToEndAsync(Cancellation);
        await bash.WaitForExitAsync(Cancellation);
        Assert.True(bash.ExitCode == 0, $"{commands}\n{await output}\n{await errors}");
        return await output;
    }
}
