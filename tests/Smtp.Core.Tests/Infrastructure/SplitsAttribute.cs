using System.Reflection;
using Xunit.Sdk;
using Xunit.v3;

namespace Smtp.Core.Tests;

/// <summary>
/// Runs a theory with one piece of wire text, whole, at every split point and octet by octet, as segments and as reads. The test's
/// first parameter is a <see cref="Wire"/>, the others are <see cref="Expected"/>.
/// </summary>
/// <param name="wire">The text, one octet a character, with <c>\r\n</c> escapes.</param>
/// <param name="expected">What the test compares with.</param>
[AttributeUsage(AttributeTargets.Method, AllowMultiple = true)]
public sealed class SplitsAttribute(string wire, params object[] expected) : DataAttribute
{
    /// <summary>The text.</summary>
    public string Wire => wire;

    /// <summary>What the test compares with.</summary>
    public object[] Expected => expected;

    /// <inheritdoc/>
    public override ValueTask<IReadOnlyCollection<ITheoryDataRow>> GetData(MethodInfo testMethod, DisposalTracker disposalTracker)
    {
        var rows = new List<ITheoryDataRow>();
        foreach (Wire split in Tests.Wire.EverySplit(Tests.Wire.Encode(wire)))
        {
            rows.Add(new TheoryDataRow([split, .. expected]) { Label = split.ToString() });
        }

        return new(rows);
    }

    /// <inheritdoc/>
    public override bool SupportsDiscoveryEnumeration() => false;
}
