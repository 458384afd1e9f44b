using System.Diagnostics;
using System.Text;

namespace Smtp.Interop;

/// <summary>A program that listens on a port of 127.0.0.1 that it is told, and runs in the foreground until it is killed.</summary>
internal sealed class ListeningProgram : IAsyncDisposable
{
    // Somebody else may take a port between being found free and being listened on.
    private const int Attempts = 5;

    private readonly Process _process;

    private ListeningProgram(Process process, int port)
    {
        _process = process;
        Port = port;
    }

    /// <summary>The port.</summary>
    internal int Port { get; }

    /// <summary>Starts the program, and waits until it listens.</summary>
    /// <param name="prepare">Writes what configuration it needs for a port, and says how it is started.</param>
    internal static async Task<ListeningProgram> StartAsync(Func<int, ProcessStartInfo> prepare)
    {
        var said = new StringBuilder();
        for (int attempt = 0; attempt < Attempts; attempt++)
        {
            int port = ProgramPort.Find();
            ProcessStartInfo info = prepare(port);
            info.RedirectStandardError = true;
            info.RedirectStandardOutput = true;
            Process process = Process.Start(info)!;
            process.ErrorDataReceived += OnLine;
            process.OutputDataReceived += OnLine;
            process.BeginErrorReadLine();
            process.BeginOutputReadLine();
            while (!process.HasExited)
            {
                if (await ProgramPort.IsListeningAsync(port).ConfigureAwait(false) && !process.HasExited)
                {
                    return new ListeningProgram(process, port);
                }

                await Task.Delay(20).ConfigureAwait(false);
            }

            process.Dispose();
        }

        lock (said)
        {
            throw new InvalidOperationException($"The program did not start: {said}");
        }

        void OnLine(object sender, DataReceivedEventArgs line)
        {
            lock (said)
            {
                said.AppendLine(line.Data);
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
        }

        await _process.WaitForExitAsync().ConfigureAwait(false);
        _process.Dispose();
    }
}
