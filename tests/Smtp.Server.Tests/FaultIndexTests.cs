using System.Text.RegularExpressions;

namespace Smtp.Server.Tests;

/// <summary>The documents that name tests as their evidence name tests that exist.</summary>
public sealed partial class FaultIndexTests
{
    private static readonly string Tests = Path.Combine(Repository.Root, "tests");

    public static TheoryData<string, string> Faults =>
    [
        .. File.ReadLines(Path.Combine(Tests, "FAULTS.md"))
            .Where(line => line.StartsWith("| ", StringComparison.Ordinal))
            .Skip(1)
            .Select(line => line.Split('|'))
            .Select(cells => new TheoryDataRow<string, string>($"{cells[1].Trim()}: {cells[2].Trim()}", cells[3])),
    ];

    public static TheoryData<string, string> Statements =>
    [
        .. File.ReadLines(Path.Combine(Tests, "RFC5321.md"))
            .Where(line => line.StartsWith("| ", StringComparison.Ordinal) && !line.Contains("| statement |", StringComparison.Ordinal))
            .Select(line => line.Split('|'))
            .Select(cells => new TheoryDataRow<string, string>($"{cells[1].Trim()}: {cells[2].Trim()}", cells[3].Trim())),
    ];

    [Theory]
    [MemberData(nameof(Statements))]
    public void Each_statement_of_the_RFCs_has_its_test_or_is_not_ours(string statement, string evidence)
    {
        if (!evidence.StartsWith("not ours: ", StringComparison.Ordinal))
        {
            Each_fault_has_its_test(statement, evidence);
        }
    }

    [Theory]
    [MemberData(nameof(Faults))]
    public void Each_fault_has_its_test(string fault, string evidence)
    {
        string[] names = [.. Code().Matches(evidence).Select(match => match.Groups[1].Value)];
        Assert.True(names.Length > 0, $"Nothing shows that we do not have this: {fault}");
        Assert.All(names, name => Assert.True(name.Contains(".txt: ", StringComparison.Ordinal) ? HasScenario(name) : HasMethod(name), $"There is no {name}."));
    }

    private static bool HasScenario(string name)
    {
        string[] parts = name.Split(": ", 2);
        string path = Path.Combine(Tests, "Smtp.Core.Tests", "Dialogues", parts[0]);
        return File.Exists(path) && File.ReadLines(path).Contains("== " + parts[1]);
    }

    private static bool HasMethod(string name)
    {
        string[] parts = name.Split('.');
        var test = new Regex($@"\[(Fact|Theory|Property|Wire)[^\n]*\](\s|\[[^\n]*\]|//[^\n]*)*public [^\n]*\b{Regex.Escape(parts[1])}\(");
        return Directory.EnumerateFiles(Tests, parts[0] + ".cs", SearchOption.AllDirectories).Any(path => test.IsMatch(File.ReadAllText(path)));
    }

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Code();
}
