using System.Reflection;
using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace Smtp.Packages.Tests.Documentation;

/// <summary>Every C# block of the READMEs compiles as a program as it stands, and runs as <see cref="ReadmeWorld"/> leads it to this machine. Links lead somewhere.</summary>
public sealed partial class ReadmeTests
{
    /// <summary>What a project has without asking, and what blocks take for granted that show a piece of a program.</summary>
    private const string Ambient = """
        global using System;
        global using System.Collections.Generic;
        global using System.IO;
        global using System.Linq;
        global using System.Net.Http;
        global using System.Threading;
        global using System.Threading.Tasks;
        global using Microsoft.AspNetCore.Builder;
        global using Microsoft.AspNetCore.Hosting;
        global using Microsoft.Extensions.Configuration;
        global using Microsoft.Extensions.DependencyInjection;
        global using Microsoft.Extensions.Hosting;
        global using static Ambient;

        internal static class Ambient
        {
            public static HostApplicationBuilder builder => Smtp.Packages.Tests.Documentation.ReadmeWorld.Current!.Builder;
            public static Smtp.Client.SmtpMessage message => Smtp.Packages.Tests.Documentation.ReadmeWorld.Message();
            public static IEnumerable<Smtp.Client.SmtpMessage> messages => [message, message];
        }
        """;

    /// <summary>The blocks that do not run, and why. All others do.</summary>
    private static readonly Dictionary<(string Readme, int Index), string> NotRun = new()
    {
        [("src/Smtp.Server/README.md", 4)] = "The server of another library, as what one comes from.",
    };

    public static TheoryData<string, int> Blocks => [.. All()];

    public static TheoryData<string, int> RunningBlocks => [.. All().Where(block => !NotRun.ContainsKey(block))];

    [Theory]
    [MemberData(nameof(Blocks))]
    public void A_block_compiles(string readme, int index)
    {
        Match block = Find(readme)[index];
        Compile(readme, block, block.Groups["code"].Value);
    }

    [Theory]
    [MemberData(nameof(RunningBlocks))]
    public async Task A_block_runs(string readme, int index)
    {
        CancellationToken token = TestContext.Current.CancellationToken;
        await using var world = ReadmeWorld.Create();
        Match block = Find(readme)[index];
        string code = world.Rewrite(block.Groups["code"].Value);
        if (code.Contains("GetSection(", StringComparison.Ordinal))
        {
            world.AddConfiguration(Json().Match(Read(readme), block.Index).Groups["json"].Value);
        }

        MethodInfo main = Assembly.Load(Compile(readme, block, code)).EntryPoint!;
        object? result = await Task.Run(() => main.Invoke(null, main.GetParameters().Length == 0 ? null : [world.Arguments]), token)
            .WaitAsync(TimeSpan.FromMinutes(2), token);
        Assert.True(result is null or 0);

        // 1. A block that adds to the host's services shows no start.
        if (code.Contains("builder.Services", StringComparison.Ordinal) && !code.Contains("builder.Build()", StringComparison.Ordinal))
        {
            await ReadmeWorld.StartAndStopAsync(world.Builder.Build());
        }

        // 2. One that sends has sent, if it has no server of its own.
        if (SendsOut().IsMatch(code) && !code.Contains("Server.Start", StringComparison.Ordinal) && !code.Contains("server.Start", StringComparison.Ordinal))
        {
            Assert.NotEmpty(world.Received);
        }
    }

    [Fact]
    public void What_does_not_run_is_there()
    {
        // Seven packages, the samples, and the one on top.
        Assert.True(Readmes().Length >= 15, string.Join(' ', Readmes()));
        Assert.Equal(NotRun.Keys, All().Intersect(NotRun.Keys));
    }

    [Fact]
    public void Links_lead_to_files_and_headings_that_are_there()
    {
        var wrong = new List<string>();
        foreach (string readme in Readmes())
        {
            string folder = Path.GetDirectoryName(readme)!;
            foreach (Match link in Link().Matches(Read(readme)))
            {
                string[] target = link.Groups["target"].Value.Split('#');
                string path = target[0].Length == 0 ? readme : Path.GetRelativePath("/", Path.GetFullPath(Path.Combine("/", folder, target[0])));
                if (target.Length > 1 && !(Readmes().Contains(path) && Heading().Matches(Read(path)).Any(heading => Anchor(heading.Groups["text"].Value) == target[1])))
                {
                    wrong.Add($"{readme}: {link.Groups["target"].Value}");
                }
                else if (path.EndsWith("README.md", StringComparison.Ordinal) && !Readmes().Contains(path))
                {
                    wrong.Add($"{readme}: {link.Groups["target"].Value}");
                }
            }
        }

        Assert.Empty(wrong);
    }

    private static IEnumerable<(string Readme, int Index)> All() => Readmes().SelectMany(name => Find(name).Index().Select(block => (name, block.Index)));

    private static byte[] Compile(string readme, Match block, string code)
    {
        CSharpCompilation compilation = CSharpCompilation.Create(
            $"readme{Guid.NewGuid():N}",
            [CSharpSyntaxTree.ParseText(Ambient), CSharpSyntaxTree.ParseText(code)],
            [.. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator).Concat(More(block)).Select(path => MetadataReference.CreateFromFile(path))],
            new CSharpCompilationOptions(OutputKind.ConsoleApplication, nullableContextOptions: NullableContextOptions.Enable, allowUnsafe: false));
        using var image = new MemoryStream();
        string[] errors = [.. compilation.Emit(image).Diagnostics.Where(d => d.Severity == DiagnosticSeverity.Error).Select(d => d.ToString())];
        Assert.True(errors.Length == 0, $"{readme}:\n{code}\n{string.Join('\n', errors)}");
        return image.ToArray();
    }

    /// <summary>As GitHub makes it of a heading.</summary>
    private static string Anchor(string heading) =>
        string.Concat(heading.ToLowerInvariant().Where(c => char.IsLetterOrDigit(c) || c is ' ' or '-')).Replace(' ', '-');

    /// <summary>A library that only one block may see, as its names hide ours; it lies beside the tests in a folder that the runtime does not look into.</summary>
    private static string[] More(Match block) =>
        block.Groups["with"] is { Success: true } with ? [Path.Combine(AppContext.BaseDirectory, "readme", with.Value + ".dll")] : [];

    private static string[] Readmes() => [.. typeof(ReadmeTests).Assembly.GetManifestResourceNames().Where(name => name.EndsWith("README.md", StringComparison.Ordinal))];

    private static MatchCollection Find(string readme) => Block().Matches(Read(readme));

    private static string Read(string readme)
    {
        using var reader = new StreamReader(typeof(ReadmeTests).Assembly.GetManifestResourceStream(readme)!);
        return reader.ReadToEnd();
    }

    [GeneratedRegex(@"\]\((?!https?:)(?<target>[^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex("^#+ (?<text>.+)$", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex(@"\.Send(Many)?Async\(")]
    private static partial Regex SendsOut();

    [GeneratedRegex("```json\\n(?<json>.*?)\\n```", RegexOptions.Singleline)]
    private static partial Regex Json();

    [GeneratedRegex("(?:<!-- with: (?<with>\\w+) -->\\n)?```csharp\\n(?<code>.*?)\\n```", RegexOptions.Singleline)]
    private static partial Regex Block();
}
