namespace Smtp.Server.Tests;

/// <summary>Turns a hang into a failure. No test asserts on the time itself.</summary>
internal static class Guard
{
    // A machine that runs all test projects at once may stand still for seconds.
    internal static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    internal static Task<T> Guarded<T>(this Task<T> task) => task.WaitAsync(Patience);

    internal static Task Guarded(this Task task) => task.WaitAsync(Patience);
}
