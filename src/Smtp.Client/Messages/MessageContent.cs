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

    /// <summary>Whether the content is in memory.</summary>
    public bool IsMemory => _source is null;

    /// <summary>Whether the content can be sent more than once: it is in memory, or a callback writes it.</summary>
    public bool IsReplayable => _source is null or Func<PipeWriter, CancellationToken, ValueTask>;

    /// <summary>The content, if it is in memory.</summary>
    internal ReadOnlySequence<byte> Memory => _memory;

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

    /// <summary>
    /// What a callback writes until its task completes; it is called each time the content is sent. An exception of its own breaks the send
    /// off, commits nothing and is what the caller gets. Its token fires when nothing more is wanted; then it has to end soon, as the send
    /// waits for it. It need not complete the writer.
    /// </summary>
    /// <param name="write">Writes the content, and flushes now and then: what is not flushed is kept in memory.</param>
    /// <param name="length">The octets it will write, if known; content of another length is not committed.</param>
    public static MessageContent FromWriter(Func<PipeWriter, CancellationToken, ValueTask> write, long? length = null)
    {
        ArgumentNullException.ThrowIfNull(write);
        ArgumentOutOfRangeException.ThrowIfNegative(length ?? 0, nameof(length));
        return new MessageContent(write, length);
    }

    /// <inheritdoc cref="FromMemory(ReadOnlyMemory{byte})"/>
    public static implicit operator MessageContent(ReadOnlyMemory<byte> memory) => FromMemory(memory);

    /// <inheritdoc cref="FromMemory(ReadOnlyMemory{byte})"/>
    public static implicit operator MessageContent(ReadOnlySequence<byte> memory) => FromMemory(memory);

    /// <inheritdoc cref="FromMemory(ReadOnlyMemory{byte})"/>
    public static implicit operator MessageContent(byte[] memory) => FromMemory(memory);

    /// <summary>Begins to read the content.</summary>
    /// <param name="bufferSize">How much is read at a time, in octets.</param>
    /// <param name="cancellationToken">Fires when the connection ends.</param>
    internal ContentSource Open(int bufferSize, CancellationToken cancellationToken) => _source switch
    {
        PipeReader reader => new ContentSource(reader, ownsReader: false),
        Stream stream => new ContentSource(
            PipeReader.Create(stream, new StreamPipeReaderOptions(bufferSize: bufferSize, minimumReadSize: bufferSize / 4, leaveOpen: true)),
            ownsReader: true),
        Func<PipeWriter, CancellationToken, ValueTask> write => new ContentSource(write, bufferSize, cancellationToken),
        _ => new ContentSource(PipeReader.Create(_memory), ownsReader: true),
    };
}
