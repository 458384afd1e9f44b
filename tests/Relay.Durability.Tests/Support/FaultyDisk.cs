using System.Diagnostics;
using Smtp.Interop;

namespace Relay.Durability.Tests;

/// <summary>A disk that fails when it is told to: a shim between a process and the C library. See faults.c.</summary>
internal sealed class FaultyDisk : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private FaultyDisk()
    {
    }

    /// <summary>The folder whose files fail.</summary>
    internal string Path => _folder["disk"];

    /// <summary>What a process gets it by.</summary>
    internal Dictionary<string, string> Environment => new()
    {
        ["LD_PRELOAD"] = _folder["faults.so"],
        ["FAULTS_CONTROL"] = _folder["control"],
        ["FAULTS_FOLDER"] = Path,
    };

    internal static async Task<FaultyDisk> CreateAsync()
    {
        string gcc = ExternalProgram.Demand("gcc", "gcc libc6-dev", Assert.Skip);
        var disk = new FaultyDisk();
        using var compile = Process.Start(
            gcc, ["-shared", "-fPIC", "-O1", "-o", disk._folder["faults.so"], System.IO.Path.Combine(AppContext.BaseDirectory, "Support/faults.c"), "-ldl"]);
        await compile.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, compile.ExitCode);
        disk.Do('-');
        return disk;
    }

    /// <summary>How it fails from now on; '-' for not at all.</summary>
    internal void Do(char what)
    {
        // Written in place, as the process looks at this very file.
        using FileStream control = File.Open(_folder["control"], FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite);
        control.WriteByte((byte)what);
    }

    public void Dispose() => _folder.Dispose();
}
