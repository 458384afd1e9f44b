namespace Smtp.Core.Tests;

/// <summary>One scenario of a dialogue file.</summary>
/// <param name="File">The file's name.</param>
/// <param name="Name">The heading.</param>
/// <param name="Settings">The settings of file and scenario.</param>
/// <param name="Steps">What is said, in order.</param>
/// <param name="Messages">The messages that are to be delivered, in order.</param>
internal sealed record DialogueScenario(
    string File,
    string Name,
    DialogueSettings Settings,
    IReadOnlyList<DialogueStep> Steps,
    IReadOnlyList<SessionMessage> Messages);
