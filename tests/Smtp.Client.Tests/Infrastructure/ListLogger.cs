using Microsoft.Extensions.Logging;

namespace Smtp.Client.Tests;

/// <summary>Keeps what is logged.</summary>
internal sealed class ListLogger : ILoggerFactory, ILogger
{
    internal List<string> Lines { get; } = [];

    internal List<int> Events { get; } = [];

    /// <summary>The only line with an event id.</summary>
    internal string LineOf(int eventId)
    {
        lock (Lines)
        {
            return Lines[Assert.Single(Enumerable.Range(0, Events.Count), i => Events[i] == eventId)];
        }
    }

    public ILogger CreateLogger(string categoryName) => this;

    public void AddProvider(ILoggerProvider provider)
    {
    }

    public void Dispose()
    {
    }

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        lock (Lines)
        {
            Lines.Add(formatter(state, exception));
            Events.Add(eventId.Id);
        }
    }
}
