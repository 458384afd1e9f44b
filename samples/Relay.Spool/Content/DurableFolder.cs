using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Relay.Spool;

/// <summary>A folder whose new names survive a power cut, and which nobody else may look into.</summary>
public static partial class DurableFolder
{
    /// <summary>Makes the folder, and its parents, if it is not there, for its owner only, and shows that files can be made in it.</summary>
    /// <param name="path">The folder.</param>
    /// <exception cref="IOException">It cannot be made or written.</exception>
    public static void Prepare(string path)
    {
        try
        {
            Create(path);
            string probe = Path.Combine(path, $".probe-{Guid.NewGuid():N}.tmp");
            using FileStream file = CreatePrivateFile(probe, FileOptions.DeleteOnClose);
            Sync(path);
        }
        catch (UnauthorizedAccessException error)
        {
            throw new IOException(error.Message, error);
        }
    }

    /// <summary>Makes the folder, and its parents, if it is not there: mode 0700.</summary>
    internal static void Create(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(path);
        }
        else
        {
            Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    /// <summary>Makes a new file that only its owner may read: mode 0600.</summary>
    public static FileStream CreatePrivateFile(string path, FileOptions options = FileOptions.None)
    {
        var how = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            Share = FileShare.None,
            BufferSize = 64 * 1024,
            Options = options,
        };
        if (!OperatingSystem.IsWindows())
        {
            how.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        return new FileStream(path, how);
    }

    /// <summary>
    /// Makes an empty file, if it is not there, that only its owner may read, whoever may look into the folder: mode 0600. What SQLite puts beside a database
    /// gets the database's mode.
    /// </summary>
    /// <exception cref="IOException">It cannot be made.</exception>
    public static void CreatePrivateDatabase(string path)
    {
        if (!OperatingSystem.IsWindows() && !File.Exists(path))
        {
            try
            {
                CreatePrivateFile(path).Dispose();
            }
            catch (IOException) when (File.Exists(path))
            {
                // Another process was first.
            }
        }
    }

    /// <summary>
    /// Writes the folder itself to the disk: without it, a renamed file can be gone after a power cut, although the file was synced. .NET does not open
    /// folders, so that this calls the C library. Windows journals names by itself.
    /// </summary>
    /// <exception cref="IOException">The system reports a failure.</exception>
    public static void Sync(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        const int ReadOnly = 0;
        int descriptor = Open(path, ReadOnly);
        if (descriptor < 0)
        {
            throw Failure(path);
        }

        try
        {
            if (SyncDescriptor(descriptor) != 0)
            {
                throw Failure(path);
            }
        }
        finally
        {
            _ = Close(descriptor);
        }
    }

    private static IOException Failure(string path)
    {
        int error = Marshal.GetLastPInvokeError();
        return new IOException($"The folder \"{path}\" cannot be synced: {new Win32Exception(error).Message}", error);
    }

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int SyncDescriptor(int descriptor);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);
}
