using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Text;

namespace Smtp.Server;

/// <summary>Files that only their owner may read, and folders whose new names survive a power cut.</summary>
internal static class PrivateFiles
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    internal static void CreateFolder(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(path);
        }
        else
        {
            Directory.CreateDirectory(path, OwnerOnly | UnixFileMode.UserExecute);
        }
    }

    /// <summary>Opens a file; mode 0600 where it is new.</summary>
    internal static FileStream Open(string path, FileMode mode, FileAccess access)
    {
        var how = new FileStreamOptions
        {
            Mode = mode,
            Access = access,
            Share = FileShare.None,
            BufferSize = 16 * 1024,
            Options = FileOptions.Asynchronous,
        };
        if (!OperatingSystem.IsWindows() && mode is not FileMode.Open)
        {
            how.UnixCreateMode = OwnerOnly;
        }

        return new FileStream(path, how);
    }

    /// <summary>
    /// Writes a folder to the disk: without it a file that was renamed in it can be gone after a power cut, though the file itself was synced. .NET does not
    /// open folders, so this calls the C library. Windows journals names by itself.
    /// </summary>
    /// <exception cref="IOException">The system reports a failure.</exception>
    internal static void SyncFolder(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        const int ReadOnly = 0;
        int descriptor = open(Encoding.UTF8.GetBytes(path + '\0'), ReadOnly);
        if (descriptor < 0)
        {
            throw Failed(path);
        }

        try
        {
            if (fsync(descriptor) != 0)
            {
                throw Failed(path);
            }
        }
        finally
        {
            _ = close(descriptor);
        }
    }

    private static IOException Failed(string path)
    {
        var error = new Win32Exception(Marshal.GetLastPInvokeError());
        return new IOException($"The folder \"{path}\" cannot be synced: {error.Message}", error);
    }

    // Octets only, so that nothing is to be generated for the calls.
#pragma warning disable SYSLIB1054, CA5392, IDE1006
    [DllImport("libc", SetLastError = true)]
    private static extern int open(byte[] path, int flags);

    [DllImport("libc", SetLastError = true)]
    private static extern int fsync(int descriptor);

    [DllImport("libc")]
    private static extern int close(int descriptor);
#pragma warning restore SYSLIB1054, CA5392, IDE1006
}
