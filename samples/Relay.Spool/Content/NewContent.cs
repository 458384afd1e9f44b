namespace Relay.Spool;

/// <summary>Content to store: octets in memory, or a file that a <see cref="BodyFileWriter"/> has written and synced.</summary>
public readonly struct NewContent
{
    private NewContent(ReadOnlyMemory<byte> memory, long length, bool isFile)
    {
        Memory = memory;
        Length = length;
        IsFile = isFile;
    }

    /// <summary>Octets.</summary>
    public long Length { get; }

    /// <summary>Whether it is in a file beside the database.</summary>
    internal bool IsFile { get; }

    /// <summary>The octets, if it is not.</summary>
    internal ReadOnlyMemory<byte> Memory { get; }

    /// <summary>Content in memory, which must not change until it is stored.</summary>
    public static NewContent FromMemory(ReadOnlyMemory<byte> memory) => new(memory, memory.Length, false);

    internal static NewContent InFile(long length) => new(default, length, true);
}
