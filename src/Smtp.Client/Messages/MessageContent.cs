using System.Buffers;
using System.IO.Pipelines;

namespace Smtp.Client;

/// <summary>
/// Where a message's content comes from: header and body as they are to arrive (RFC 5322), without DATA's dots, which the client adds and
/// the server takes off. <c>default</c> is empty content.
/// </summary>
public readonly struct MessageContent
{
    private readonly ReadOnlySequence<byte> _memory;
    private readonly object? _source;

    private MessageContent(ReadOnlySequence<byte> memory)
    {
        _memory = memory;
        Length = memory.Length;
    }

    private MessageContent(object source, long? length)
    {
        _source = source;
        Length = length;
    }

    /// <summary>The octets, if they are known beforehand; else <see langword="null"/>.</summary>
    public long? Length { get; }

    /// <summary>Whether the content is in memory, and can be sent again.</summary>
    public bool IsMemory => _source is null;

    /// <summary>The content, if it is in memory.</summary>
    internal ReadOnlySequence<byte> Memory => _memory;

    /// <summary>The stream or reader, if it is not.</summary>
    internal object? Source => _source;

    /// <summary>Content in memory, which must not change until it is sent.</summary>
    public static MessageContent FromMemory(ReadOnlyMemory<byte> memory) => new(new ReadOnlySequence<byte>(memory));

    /// <inheritdoc cref="FromMemory(ReadOnlyMemory{byte})"/>
    public static MessageContent FromMemory(ReadOnlySequence<byte> memory) => new(memory);

    /// <summary>
    /// The rest of a stream, read while it is sent; not closed. Can be sent once. The length is taken from a stream that can seek.
    /// </summary>
    public static MessageContent FromStream(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        return new MessageContent(stream, stream.CanSeek ? stream.Length - stream.Position : null);
    }

    /// <summary>The rest of a stream of known length. Content that ends early or late is not committed.</summary>
    /// <inheritdoc cref="FromStream(Stream)"/>
    public static MessageContent FromStream(Stream stream, long length)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        return new MessageContent(stream, length);
    }

    /// <summary>What a pipe brings until it is completed; read while it is sent; not completed by the client. Can be sent once.</summary>
    public static MessageContent FromPipe(PipeReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        return new MessageContent(reader, null);
    }

    /// <summary>What a pipe of known length brings. Content that ends early or late is not committed.</summary>
    /// <inheritdoc cref="FromPipe(PipeReader)"/>
    public static MessageContent FromPipe(PipeReader reader, long length)
    {
        ArgumentNullException.ThrowIfNull(reader);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        return new MessageContent(reader, length);
    }

    /// <inheritdoc cref="FromMemory(ReadOnlyMemory{byte})"/>
    public static implicit operator MessageContent(ReadOnlyMemory<byte> memory) => FromMemory(memory);

    /// <inheritdoc cref="FromMemory(ReadOnlyMemory{byte})"/>
    public static implicit operator MessageContent(ReadOnlySequence<byte> memory) => FromMemory(memory);

    /// <inheritdoc cref="FromMemory(ReadOnlyMemory{byte})"/>
    public static implicit operator MessageContent(byte[] memory) => FromMemory(memory);

    /// <summary>A reader of content that is not in memory.</summary>
    /// <param name="bufferSize">How much is read from a stream at a time, in octets.</param>
    internal PipeReader OpenReader(int bufferSize) => _source switch
    {
        PipeReader reader => reader,
        Stream stream => PipeReader.Create(stream, new StreamPipeReaderOptions(bufferSize: bufferSize, minimumReadSize: bufferSize / 4, leaveOpen: true)),
        _ => throw new InvalidOperationException("The content is in memory."),
    };
}
