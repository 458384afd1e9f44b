namespace Smtp.Core.Tests;

/// <summary>One line of a dialogue.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Line">The number of the line in its file.</param>
/// <param name="Text">The line as written, behind its prefix.</param>
/// <param name="Octets">What a client's line sends.</param>
internal sealed record DialogueStep(DialogueStepKind Kind, int Line, string Text, byte[] Octets)
{
    /// <summary>Whether octets in front of it and behind it cannot come in one read.</summary>
    public bool IsBarrier => Kind is DialogueStepKind.Tls or DialogueStepKind.Shutdown or DialogueStepKind.Timeout;

    /// <summary>Whether a line of the server is what a <c>S:</c> line says; a star at its end stands for any text.</summary>
    public bool Accepts(string line) =>
        Text.EndsWith('*') ? line.StartsWith(Text[..^1], StringComparison.Ordinal) : line == Text;
}
