using Smtp.Interop;

namespace Smtp.Server.Tests;

/// <summary>Two one-way streams as one, for TLS over pipes.</summary>
internal sealed class SplitStream(Stream read, Stream write) : AsyncStream
{
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => read.ReadAsync(buffer, cancellationToken);

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
        write.WriteAsync(buffer, cancellationToken);

    public override Task FlushAsync(CancellationToken cancellationToken) => write.FlushAsync(cancellationToken);

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            write.Dispose();
            read.Dispose();
        }

        base.Dispose(disposing);
    }
}
