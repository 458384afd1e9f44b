namespace Relay.Spool;

/// <summary>Writes the content of a large message to its file, which is nobody's until the message is enqueued.</summary>
public sealed class BodyFileWriter : IAsyncDisposable
{
    private readonly BodyFiles _files;
    private readonly string _path;
    private readonly FileStream _file;
    private bool _isKept;

    internal BodyFileWriter(BodyFiles files, string path)
    {
        _files = files;
        _path = path;
        _file = files.Create(path);
    }

    /// <summary>Appends. Memory does not depend on how much.</summary>
    public ValueTask WriteAsync(ReadOnlyMemory<byte> octets, CancellationToken cancellationToken = default) => _file.WriteAsync(octets, cancellationToken);

    /// <summary>Writes file and name to the disk. What is returned is to be enqueued, and <see cref="Keep"/> called then.</summary>
    /// <exception cref="IOException">It is not known to be on the disk: dispose.</exception>
    public async ValueTask<NewContent> FinishAsync(CancellationToken cancellationToken = default)
    {
        await _file.FlushAsync(cancellationToken).ConfigureAwait(false);
        _file.Flush(flushToDisk: true);
        long length = _file.Length;
        await _file.DisposeAsync().ConfigureAwait(false);
        DurableFolder.Sync(Path.GetDirectoryName(_path)!);
        return NewContent.InFile(length);
    }

    /// <summary>The message is enqueued: its file stays.</summary>
    public void Keep() => _isKept = true;

    /// <summary>Removes the file, unless it is to stay.</summary>
    public async ValueTask DisposeAsync()
    {
        try
        {
            await _file.DisposeAsync().ConfigureAwait(false);
        }
        catch (IOException)
        {
            // What was buffered does not fit on the disk; it goes anyway.
        }

        if (!_isKept)
        {
            BodyFiles.Remove(_path);
        }
    }
}
