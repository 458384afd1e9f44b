using System.Reflection;

namespace Smtp.Core.Tests.Fuzzing;

/// <summary>The inputs that fuzzing starts from: the files beside this one, and what the clients of all dialogues say.</summary>
internal static class FuzzCorpus
{
    private static readonly byte[] Handshake = "-- TLS --\n"u8.ToArray();

    /// <summary>How many inputs each target tries. More by the environment variable SMTP_FUZZ_RUNS.</summary>
    internal static int Runs => int.TryParse(Environment.GetEnvironmentVariable("SMTP_FUZZ_RUNS"), out int runs) ? runs : 2500;

    /// <summary>The committed inputs whose names start so.</summary>
    internal static IEnumerable<(string Name, byte[] Input)> Files(string prefix)
    {
        Assembly assembly = typeof(FuzzCorpus).Assembly;
        foreach (string name in assembly.GetManifestResourceNames().Where(n => n.StartsWith("Corpus/" + prefix, StringComparison.Ordinal)).Order(StringComparer.Ordinal))
        {
            using Stream stream = assembly.GetManifestResourceStream(name)!;
            byte[] input = new byte[stream.Length];
            stream.ReadExactly(input);
            yield return (name, input);
        }
    }

    /// <summary>What clients say in the dialogues; handshakes as in the files.</summary>
    internal static IEnumerable<byte[]> Dialogues() =>
        DialogueTests.AllScenarios
            .Select(scenario => scenario.Steps.SelectMany(step => step.Kind == DialogueStepKind.Tls ? Handshake : step.Octets).ToArray())
            .Where(input => input.Length is > 0 and < 3000);

    /// <summary>What is said before the handshake, and behind it.</summary>
    internal static (byte[] Plain, byte[] Encrypted) Split(byte[] input)
    {
        int at = input.AsSpan().IndexOf(Handshake);
        return at < 0 ? (input, []) : (input[..at], input[(at + Handshake.Length)..]);
    }
}
