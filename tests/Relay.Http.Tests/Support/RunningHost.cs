using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging.Abstractions;
using Relay.Host;

namespace Relay.Http.Tests;

/// <summary>The whole host in this process, with nothing configured but ports, its folder and a key: mail ends in the capture server.</summary>
internal sealed class RunningHost : IAsyncDisposable
{
    internal const string Key = "the-key-of-the-tests";

    private readonly string _folder = Directory.CreateTempSubdirectory("relay-host-").FullName;

    private readonly RelaySettings _settings;

    private RunningHost(string[] args)
    {
        IConfiguration configuration = new ConfigurationBuilder().AddCommandLine(
        [
            "--Relay:HostName=relay.example.com", "--Relay:Listen=127.0.0.1:0", "--Relay:Capture:Listen=127.0.0.1:0", "--Relay:Http:Listen=127.0.0.1:0",
            $"--Relay:Http:BootstrapKey={Key}", "--Relay:Http:RequestsPerSecond=10000", $"--Relay:DataPath={Path.Combine(_folder, "data")}", .. args,
        ]).Build();
        _settings = RelaySettingsReader.Read(configuration, out IReadOnlyList<string> errors)!;
        Assert.Empty(errors);
        Open();
    }

    /// <summary>Stops the whole host, as Ctrl-C does, and starts it over the same files, on other ports.</summary>
    internal async Task RestartAsync()
    {
        Client.Dispose();

        // Disposing alone waits for nobody: what is cut off behind its end of data arrives twice.
        await Servers.StopAsync(TestContext.Current.CancellationToken);
        await Servers.DisposeAsync();
        Open();
    }

    [System.Diagnostics.CodeAnalysis.MemberNotNull(nameof(Servers), nameof(Client))]
    private void Open()
    {
        Servers = new RelayServers(_settings, NullLoggerFactory.Instance, TimeProvider.System);
        Servers.Start();
        Client = new HttpClient { BaseAddress = Url };
        Client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Key);
    }

    internal RelayServers Servers { get; private set; }

    internal HttpClient Client { get; private set; }

    internal Uri Url => new($"http://{Servers.Http!.EndPoint}");

    internal IPEndPoint Smtp => (IPEndPoint)Servers.EndPoints[0];

    internal static RunningHost Start(params string[] args) => new(args);

    internal async Task<JsonElement> PostAsync(string path, string json, HttpStatusCode expected)
    {
        using var body = new StringContent(json, Encoding.UTF8, "application/json");
        using HttpResponseMessage response = await Client.PostAsync(new Uri(path, UriKind.Relative), body, TestContext.Current.CancellationToken);
        string text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(response.StatusCode == expected, text);
        return text.Length == 0 ? default : JsonDocument.Parse(text).RootElement.Clone();
    }

    internal async Task<JsonElement> GetAsync(string path)
    {
        string text = await Client.GetStringAsync(new Uri(path, UriKind.Relative), TestContext.Current.CancellationToken);
        return JsonDocument.Parse(text).RootElement.Clone();
    }

    /// <summary>Asks again and again until an answer is as it should be.</summary>
    internal async Task<JsonElement> UntilAsync(string path, Func<JsonElement, bool> isSo)
    {
        while (true)
        {
            JsonElement answer = await GetAsync(path);
            if (isSo(answer))
            {
                return answer;
            }

            await Task.Delay(30, TestContext.Current.CancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await Servers.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}
