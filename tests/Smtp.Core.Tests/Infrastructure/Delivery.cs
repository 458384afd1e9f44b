namespace Smtp.Core.Tests;

/// <summary>How the pieces of a <see cref="Wire"/> come to the code under test.</summary>
public enum Delivery
{
    /// <summary>All at once, each piece a segment of one sequence.</summary>
    Segments,

    /// <summary>One read a piece; what was not consumed stands in front of the next one, as a pipe does it.</summary>
    Reads,
}
