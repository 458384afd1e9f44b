using Microsoft.Extensions.Logging;

namespace Smtp.Server.Tests;

/// <summary>One log entry.</summary>
internal sealed record LogEntry(LogLevel Level, int EventId, string Text, Exception? Error);
