namespace Smtp.Core.Tests;

/// <summary>A dialogue went another way than its file says, or the file is none.</summary>
public sealed class DialogueException(string message) : Exception(message);
