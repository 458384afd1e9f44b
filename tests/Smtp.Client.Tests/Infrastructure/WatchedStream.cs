using Smtp.Interop;

namespace Smtp.Client.Tests;

/// <summary>A client's stream that is held up, or fails, once so many octets have gone out.</summary>
internal sealed class WatchedStream(Stream inner) : AsyncStream
{
    private long _written;

    /// <summary>Called behind each write, with the octets written in all.</summary>
    internal Func<long, Task> OnWritten { get; set; } = static _ => Task.CompletedTask;

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        await inner.WriteAsync(buffer, cancellationToken);
        await OnWritten(_written += buffer.Length);
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => inner.ReadAsync(buffer, cancellationToken);

    public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

    protected override void Dispose(bool disposing)
    {
        inner.Dispose();
        base.Dispose(disposing);
    }
}
