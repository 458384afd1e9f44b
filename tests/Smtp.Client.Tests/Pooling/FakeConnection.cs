namespace Smtp.Client.Tests;

/// <summary>A connection of which a test decides everything.</summary>
internal sealed class FakeConnection : IPoolConnection
{
    private readonly TaskCompletionSource _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public bool IsUsable { get; internal set; } = true;

    public int? MaximumMessages => null;

    internal bool IsGone { get; set; }

    internal bool IsClosing { get; private set; }

    internal bool IsAborted { get; private set; }

    public bool IsStale() => IsGone;

    public ValueTask PingAsync(CancellationToken cancellationToken) => default;

    public ValueTask CloseAsync()
    {
        IsClosing = true;
        return new ValueTask(_closed.Task);
    }

    public void Abort()
    {
        IsAborted = true;
        IsUsable = false;
    }

    /// <summary>The server has answered QUIT.</summary>
    internal void FinishClosing() => _closed.TrySetResult();
}
