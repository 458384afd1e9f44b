using System.Reflection;

namespace Smtp.Core.Tests;

/// <summary>Every dialogue file beside this one, each scenario in each way of delivery.</summary>
public class DialogueTests
{
    private static readonly Assembly Resources = typeof(DialogueTests).Assembly;

    private static readonly IReadOnlyDictionary<(string, string), DialogueScenario> Scenarios =
        Files().SelectMany(Read).ToDictionary(scenario => (scenario.File, scenario.Name));

    /// <summary>All scenarios of all files.</summary>
    internal static IEnumerable<DialogueScenario> AllScenarios => Scenarios.Values;

    public static IEnumerable<ITheoryDataRow> All() =>
        from scenario in Scenarios.Values
        from delivery in Enum.GetValues<DialogueDelivery>()
        select new TheoryDataRow<string, string, DialogueDelivery>(scenario.File, scenario.Name, delivery);

    [Theory]
    [MemberData(nameof(All))]
    public void The_server_says_what_the_file_says(string file, string scenario, DialogueDelivery delivery) =>
        DialogueRunner.Run(Scenarios[(file, scenario)], delivery);

    [Fact]
    public void Every_file_has_scenarios() =>
        Assert.Equal(Files().Order(), Scenarios.Values.Select(scenario => scenario.File).Distinct().Order());

    private static IEnumerable<string> Files() =>
        Resources.GetManifestResourceNames().Where(name => name.StartsWith("Dialogues/", StringComparison.Ordinal));

    private static IReadOnlyList<DialogueScenario> Read(string resource)
    {
        using var reader = new StreamReader(Resources.GetManifestResourceStream(resource)!);
        return DialogueFile.Parse(resource, reader.ReadToEnd());
    }
}
