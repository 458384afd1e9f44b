using System.Globalization;
using System.Text;

namespace Relay.Spool;

/// <summary>One owner for each spool folder: a file that the owner holds open. The system gives it back when the process ends, however that is.</summary>
internal sealed class FolderLock : IDisposable
{
    private readonly FileStream _file;

    private FolderLock(FileStream file) => _file = file;

    /// <summary>Takes the lock.</summary>
    /// <exception cref="SpoolException">Somebody else has it; the message says who.</exception>
    internal static FolderLock Take(string folder)
    {
        string path = Path.Combine(folder, "owner");
        string lockPath = Path.Combine(folder, "lock");
        FileStream file;
        try
        {
            // FileShare.None is flock on Unix: held by the open file, and gone with it.
            file = new FileStream(lockPath, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException error) when (File.Exists(lockPath))
        {
            throw new SpoolException($"The spool \"{folder}\" is in use by {Owner(path)}.", SpoolFailure.Locked, error);
        }

        File.WriteAllText(path, string.Create(CultureInfo.InvariantCulture, $"process {Environment.ProcessId} ({Environment.ProcessPath}) on {Environment.MachineName}\n"), Encoding.UTF8);
        return new FolderLock(file);
    }

    /// <summary>Whether somebody has it.</summary>
    internal static bool IsTaken(string folder)
    {
        try
        {
            using var file = new FileStream(Path.Combine(folder, "lock"), FileMode.Open, FileAccess.ReadWrite, FileShare.None);
            return false;
        }
        catch (FileNotFoundException)
        {
            return false;
        }
        catch (IOException)
        {
            return true;
        }
    }

    public void Dispose() => _file.Dispose();

    private static string Owner(string path)
    {
        try
        {
            return File.ReadAllText(path).Trim();
        }
        catch (IOException)
        {
            return "another process";
        }
    }
}
