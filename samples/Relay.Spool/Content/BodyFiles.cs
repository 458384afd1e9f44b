using System.Runtime.InteropServices;

namespace Relay.Spool;

/// <summary>
/// The contents that are too large for the database, a file each: <c>bodies/xx/ID</c>, spread by the id's random end. A file is written and synced before the
/// row that names it is committed, and removed after the commit that ends the message: so a row always has its file, and a file without a row is the rest of
/// a message that was never promised.
/// </summary>
internal sealed class BodyFiles
{
    private readonly string _folder;
    private readonly string _quarantine;

    internal BodyFiles(string folder)
    {
        _folder = Path.Combine(folder, "bodies");
        _quarantine = Path.Combine(folder, "quarantine");
        DurableFolder.Create(_folder);
        DurableFolder.Create(_quarantine);
    }

    internal string PathOf(MessageId id)
    {
        string name = id.ToString();
        return Path.Combine(_folder, name[^2..], name);
    }

    internal FileStream Create(string path)
    {
        string folder = Path.GetDirectoryName(path)!;
        if (!Directory.Exists(folder))
        {
            if (!Directory.Exists(_folder))
            {
                // Made anew it would be apart from its database: somebody has moved the spool.
                throw new DirectoryNotFoundException($"\"{_folder}\" is gone");
            }

            DurableFolder.Create(folder);
            DurableFolder.Sync(_folder);
        }

        return DurableFolder.CreatePrivateFile(path, FileOptions.Asynchronous);
    }

    internal FileStream Open(MessageId id) =>
        new(PathOf(id), FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, 64 * 1024, FileOptions.Asynchronous | FileOptions.SequentialScan);

    /// <summary>Removes a file. One that cannot be removed is found again by <see cref="Orphans"/>.</summary>
    internal static void Remove(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Takes room, and harms nothing.
        }
    }

    /// <summary>Files older than a time, whose rows are to be looked for.</summary>
    internal IEnumerable<(MessageId Id, string Path)> Orphans(DateTime before)
    {
        foreach (string path in Directory.EnumerateFiles(_folder, "*", SearchOption.AllDirectories))
        {
            if (MessageId.TryParse(Path.GetFileName(path), out MessageId id) && File.GetLastWriteTimeUtc(path) < before)
            {
                yield return (id, path);
            }
        }
    }

    /// <summary>Moves a content aside, if there is any. On the disk when it returns.</summary>
    /// <exception cref="IOException">It is where it was.</exception>
    internal void MoveAside(MessageId id, ReadOnlyMemory<byte> fromDatabase)
    {
        string target = Path.Combine(_quarantine, id.ToString());
        string source = PathOf(id);
        if (File.Exists(source))
        {
            File.Move(source, target, overwrite: true);
            DurableFolder.Sync(_quarantine);
        }
        else if (!fromDatabase.IsEmpty)
        {
            File.Delete(target);
            using FileStream file = DurableFolder.CreatePrivateFile(target);
            file.Write(fromDatabase.Span);
            file.Flush(flushToDisk: true);
            DurableFolder.Sync(_quarantine);
        }
    }

    /// <summary>Removes what was moved aside of a message, also if the random end of its id is not known.</summary>
    internal void RemoveAside(MessageId id)
    {
        // The first half of an id is its place in the store, which is nobody else's.
        try
        {
            foreach (string path in Directory.EnumerateFiles(_quarantine, id.ToString()[..16] + "*"))
            {
                Remove(path);
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The folder is gone: so are they.
        }
    }

    /// <summary>Whether a failure is one of room: ENOSPC, EDQUOT, EROFS.</summary>
    internal static bool IsNoSpace(Exception error)
    {
        const int NoSpace = 28, Quota = 122, ReadOnly = 30;
        int code = error.HResult & 0xFFFF;
        return error is IOException && (code is NoSpace or Quota or ReadOnly
            || (RuntimeInformation.IsOSPlatform(OSPlatform.Windows) && code is 0x70 or 0x27));
    }
}
