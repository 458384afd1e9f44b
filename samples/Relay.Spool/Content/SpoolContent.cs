namespace Relay.Spool;

/// <summary>A message's content, opened for reading.</summary>
public sealed class SpoolContent : IAsyncDisposable, IDisposable
{
    private readonly FileStream? _file;

    internal SpoolContent(ReadOnlyMemory<byte> memory)
    {
        Memory = memory;
        Length = memory.Length;
    }

    internal SpoolContent(FileStream file)
    {
        _file = file;
        Length = file.Length;
    }

    /// <summary>Octets.</summary>
    public long Length { get; }

    /// <summary>Whether the content is in memory: small messages.</summary>
    public bool IsMemory => _file is null;

    /// <summary>The content, if it is in memory; else empty.</summary>
    public ReadOnlyMemory<byte> Memory { get; }

    /// <summary>The content from its start, for reading and seeking; each call starts anew.</summary>
    public Stream OpenStream()
    {
        if (_file is null)
        {
            return System.Runtime.InteropServices.MemoryMarshal.TryGetArray(Memory, out ArraySegment<byte> array)
                ? new MemoryStream(array.Array!, array.Offset, array.Count, writable: false)
                : new MemoryStream(Memory.ToArray(), writable: false);
        }

        _file.Position = 0;
        return _file;
    }

    /// <summary>All octets; for small uses, as it takes memory for all of it.</summary>
    public async ValueTask<ReadOnlyMemory<byte>> ReadAllAsync(CancellationToken cancellationToken = default)
    {
        if (_file is null)
        {
            return Memory;
        }

        byte[] all = new byte[Length];
        _file.Position = 0;
        await _file.ReadExactlyAsync(all, cancellationToken).ConfigureAwait(false);
        return all;
    }

    /// <inheritdoc/>
    public void Dispose() => _file?.Dispose();

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _file?.DisposeAsync() ?? ValueTask.CompletedTask;
}
