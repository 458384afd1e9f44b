using System.Reflection;
using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace Smtp.Packages.Tests.Documentation;

/// <summary>Every C# block of the READMEs compiles as a program, and those behind "run" run. Links lead somewhere.</summary>
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
            public static HostApplicationBuilder builder = null!;
            public static System.Buffers.ReadOnlySequence<byte> input;
            public static System.Buffers.IBufferWriter<byte> output = null!;
            public static Smtp.Client.SmtpMessage message = null!;
            public static IEnumerable<Smtp.Client.SmtpMessage> messages = null!;
        }
        """;

    public static TheoryData<string, int> Blocks
    {
        get
        {
            var data = new TheoryData<string, int>();
            foreach (string name in Readmes())
            {
                for (int i = 0; i < Find(name).Count; i++)
                {
                    data.Add(name, i);
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Blocks))]
    public async Task A_block_compiles_and_runs(string readme, int index)
    {
        CancellationToken token = TestContext.Current.CancellationToken;
        Match block = Find(readme)[index];
        CSharpCompilation compilation = CSharpCompilation.Create(
            $"readme{Guid.NewGuid():N}",
            [CSharpSyntaxTree.ParseText(Ambient, cancellationToken: token), CSharpSyntaxTree.ParseText(block.Groups["code"].Value, cancellationToken: token)],
            [.. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator).Concat(More(block)).Select(path => MetadataReference.CreateFromFile(path))],
            new CSharpCompilationOptions(OutputKind.ConsoleApplication, nullableContextOptions: NullableContextOptions.Enable, allowUnsafe: false));
        using var image = new MemoryStream();
        string[] errors = [.. compilation.Emit(image, cancellationToken: token).Diagnostics.Where(d => d.Severity == DiagnosticSeverity.Error).Select(d => d.ToString())];
        Assert.True(errors.Length == 0, $"{readme}:\n{block.Groups["code"].Value}\n{string.Join('\n', errors)}");
        if (block.Groups["run"].Success)
        {
            MethodInfo main = Assembly.Load(image.ToArray()).EntryPoint!;
            object? result = await Task.Run(() => main.Invoke(null, main.GetParameters().Length == 0 ? null : [Array.Empty<string>()]), token)
                .WaitAsync(TimeSpan.FromMinutes(2), token);
            Assert.True(result is null or 0);
        }
    }

    [Fact]
    public void Every_package_has_a_readme_with_code_and_some_of_it_runs()
    {
        // Seven packages, the samples, and the one on top.
        Assert.True(Readmes().Length >= 15, string.Join(' ', Readmes()));
        Assert.Contains(Readmes(), name => Find(name).Any(block => block.Groups["run"].Success));
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

    [GeneratedRegex("(?<run><!-- run -->\\n)?(?:<!-- with: (?<with>\\w+) -->\\n)?```csharp\\n(?<code>.*?)\\n```", RegexOptions.Singleline)]
    private static partial Regex Block();
}
