using System.Diagnostics;

namespace Smtp.Interop;

/// <summary>A folder that is gone after the test.</summary>
public sealed class TemporaryFolder : IDisposable
{
    /// <summary>The folder.</summary>
    public string Path { get; } = Directory.CreateTempSubdirectory("smtp-interop-").FullName;

    /// <summary>A path inside it.</summary>
    public string this[string name] => System.IO.Path.Combine(Path, name);

    /// <summary>Lets all users into the folder, and read and write a file, socket or folder in it: servers give up root.</summary>
    public void Share(string? name = null)
    {
        File.SetUnixFileMode(Path, (UnixFileMode)0b111_101_101);
        if (name is not null)
        {
            File.SetUnixFileMode(this[name], (UnixFileMode)(Directory.Exists(this[name]) ? 0b111_111_111 : 0b110_110_110));
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        var patience = Stopwatch.StartNew();
        while (Directory.Exists(Path))
        {
            try
            {
                Directory.Delete(Path, recursive: true);
            }
            catch (IOException) when (patience.Elapsed < TimeSpan.FromMinutes(1))
            {
                // A program that was stopped may have children that write their last.
                Thread.Sleep(20);
            }
        }
    }
}
