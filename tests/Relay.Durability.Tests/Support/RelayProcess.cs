using System.Diagnostics;
using System.Net;
using Relay.Spool;
using Smtp.Interop;

namespace Relay.Durability.Tests;

/// <summary>The relay as a process of its own, which can be killed and started again over the same folder and port.</summary>
internal sealed class RelayProcess : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly int _nextHop;
    private readonly Dictionary<string, string> _environment;
    private Process? _process;
    private TaskCompletionSource _ready = new();

    internal RelayProcess(int nextHop, Dictionary<string, string>? environment = null, string? spoolPath = null)
    {
        _nextHop = nextHop;
        _environment = environment ?? [];
        SpoolPath = spoolPath ?? _folder["data/spool"];
        EndPoint = new IPEndPoint(IPAddress.Loopback, ProgramPort.Find());
    }

    internal IPEndPoint EndPoint { get; }

    internal string SpoolPath { get; }

    /// <summary>Where the HTTP service listens; null, the default, for none.</summary>
    internal IPEndPoint? Http { get; init; }

    /// <summary>Further settings.</summary>
    internal string[] Settings { get; init; } = [];

    /// <summary>The working directory, which an <c>appsettings.json</c> is read from; the test's own by default.</summary>
    internal string? WorkingDirectory { get; init; }

    /// <summary>All that it wrote, for a failed test's message.</summary>
    internal System.Collections.Concurrent.ConcurrentQueue<string> Output { get; } = [];

    /// <summary>What to start it through, such as strace and its options.</summary>
    internal string[] Through { get; init; } = [];

    internal string Folder(string name) => _folder[name];

    internal void Start()
    {
        string dotnet = Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet";
        string[] command =
        [
            .. Through, dotnet, Path.Combine(AppContext.BaseDirectory, "Relay.Host.dll"),
            "--Relay:HostName=relay.example.com", $"--Relay:Http:Listen={(Http is null ? "off" : Http.ToString())}", $"--Relay:Listen={EndPoint}", $"--Relay:NextHop=127.0.0.1:{_nextHop}", $"--Relay:DataPath={_folder["data"]}",
            $"--Relay:Spool:Path={SpoolPath}", "--Relay:Retry:First=00:00:00.2", "--Relay:Retry:Longest=00:00:01", "--Logging:LogLevel:Default=Warning",
            .. Settings,
        ];
        var start = new ProcessStartInfo(command[0], command[1..])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = WorkingDirectory ?? string.Empty,
        };
        foreach ((string name, string value) in _environment)
        {
            start.Environment[name] = value;
        }

        var ready = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _ready = ready;
        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, line) => OnLine(line.Data);
        _process.ErrorDataReceived += (_, line) => OnLine(line.Data);
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();

        void OnLine(string? line)
        {
            if (line is not null)
            {
                Output.Enqueue(line);
                if (line == "Ctrl-C stops.")
                {
                    ready.TrySetResult();
                }
            }
        }
    }

    /// <summary>Waits until it takes mail.</summary>
    internal async Task StartedAsync()
    {
        Task exited = _process!.WaitForExitAsync(TestContext.Current.CancellationToken);
        if (await Task.WhenAny(_ready.Task, exited) == exited)
        {
            Assert.Fail($"The relay ended with {_process.ExitCode}:\n{string.Join('\n', Output)}");
        }
    }

    /// <summary>SIGKILL, to this one process.</summary>
    internal async Task KillAsync()
    {
        _process!.Kill();
        await _process.WaitForExitAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>SIGTERM; returns the exit code.</summary>
    internal async Task<int> StopAsync()
    {
        using var kill = Process.Start("kill", ["-TERM", $"{_process!.Id}"]);
        await _process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return _process.ExitCode;
    }

    /// <summary>Waits, as the commands beside it see the queue, until nobody waits.</summary>
    internal async Task DrainAsync()
    {
        CancellationToken token = TestContext.Current.CancellationToken;
        using SqliteSpool spool = SqliteSpool.Open(new SpoolOptions { Path = SpoolPath, IsOwner = false });
        while (await spool.FiguresAsync(token) is { Waiting: > 0 } or { Leased: > 0 })
        {
            Assert.False(_process!.HasExited, string.Join('\n', Output));
            await Task.Delay(100, token);
        }

        Assert.Equal(0, (await spool.FiguresAsync(token)).Held);
    }

    public void Dispose()
    {
        if (_process is { HasExited: false })
        {
            _process.Kill();
            _process.WaitForExit();
        }

        _process?.Dispose();
        _folder.Dispose();
    }
}
