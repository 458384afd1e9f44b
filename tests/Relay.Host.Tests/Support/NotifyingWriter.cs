namespace Relay.Host.Tests;

/// <summary>Text output that tells when a line has been written.</summary>
internal sealed class NotifyingWriter(string last) : StringWriter
{
    private readonly TaskCompletionSource _seen = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal Task Seen => _seen.Task;

    public override void WriteLine(string? value)
    {
        base.WriteLine(value);
        if (value == last)
        {
            _seen.SetResult();
        }
    }
}
