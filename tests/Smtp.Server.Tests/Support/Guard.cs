namespace Smtp.Server.Tests;

/// <summary>Turns a hang into a failure. No test asserts on the time itself.</summary>
internal static class Guard
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    internal static Task<T> Guarded<T>(this Task<T> task) => task.WaitAsync(Patience);

    internal static Task Guarded(this Task task) => task.WaitAsync(Patience);
}
