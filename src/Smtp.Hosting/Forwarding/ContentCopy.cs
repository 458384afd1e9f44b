using Smtp.Client;

namespace Smtp.Hosting;

/// <summary>A message that is kept until it has been sent in all its transactions: up to 64 KB in memory, more in a temporary file that nobody else can read.</summary>
internal sealed class ContentCopy : IDisposable
{
    private const int MaximumMemory = 64 * 1024;

    private Stream _content = new MemoryStream();

    /// <summary>Begins with what is put in front of the message.</summary>
    internal ContentCopy(byte[] start) => _content.Write(start);

    /// <summary>The message from its start. One reads at a time.</summary>
    internal MessageContent Read()
    {
        _content.Position = 0;
        return MessageContent.FromStream(_content);
    }

    internal async ValueTask WriteAsync(ReadOnlyMemory<byte> chunk, CancellationToken cancellationToken)
    {
        if (_content is MemoryStream memory && memory.Length + chunk.Length > MaximumMemory)
        {
            _content = CreateFile();
            using (memory)
            {
                await _content.WriteAsync(memory.GetBuffer().AsMemory(0, (int)memory.Length), cancellationToken).ConfigureAwait(false);
            }
        }

        await _content.WriteAsync(chunk, cancellationToken).ConfigureAwait(false);
    }

    public void Dispose() => _content.Dispose();

    private static FileStream CreateFile()
    {
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.ReadWrite,
            Share = FileShare.None,
            Options = FileOptions.Asynchronous | FileOptions.DeleteOnClose,
        };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        return new FileStream(Path.Combine(Path.GetTempPath(), $"smtp-{Guid.NewGuid():N}.tmp"), options);
    }
}
