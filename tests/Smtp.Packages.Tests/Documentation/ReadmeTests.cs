using System.Reflection;
using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace Smtp.Packages.Tests.Documentation;

/// <summary>Every C# block of the READMEs compiles as a program, and those behind "run" run.</summary>
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
            ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator).Select(path => MetadataReference.CreateFromFile(path)),
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
        Assert.True(Readmes().Length >= 8);
        Assert.Contains(Readmes(), name => Find(name).Any(block => block.Groups["run"].Success));
    }

    private static string[] Readmes() => [.. typeof(ReadmeTests).Assembly.GetManifestResourceNames().Where(name => name.EndsWith("README.md", StringComparison.Ordinal))];

    private static MatchCollection Find(string readme)
    {
        using var reader = new StreamReader(typeof(ReadmeTests).Assembly.GetManifestResourceStream(readme)!);
        return Block().Matches(reader.ReadToEnd());
    }

    [GeneratedRegex("(?<run><!-- run -->\\n)?```csharp\\n(?<code>.*?)\\n```", RegexOptions.Singleline)]
    private static partial Regex Block();
}
