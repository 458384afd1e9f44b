using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace Smtp.Core.Tests;

/// <summary>
/// Finds what a sans-I/O assembly must not use: every type and member that it refers to stands in its metadata, whoever calls it and
/// whether or not a test ever runs the call.
/// </summary>
internal static class ForbiddenApis
{
    // A name that ends in a dot is a whole namespace, with those below it.
    private static readonly string[] Types =
    [
        "System.Threading.",
        "System.IO.",
        "System.Net.Sockets.",
        "System.Net.Security.",
        "System.Net.Http.",
        "System.Net.Dns",
        "System.Diagnostics.Stopwatch",
        "System.Diagnostics.Process",
        "System.Diagnostics.Trace",
        "System.Diagnostics.Activity",
        "System.Diagnostics.ActivitySource",
        "System.Diagnostics.Metrics.",
        "System.Diagnostics.Tracing.",
        "System.TimeProvider",
        "System.Console",
        "System.Runtime.CompilerServices.AsyncTaskMethodBuilder",
        "System.Runtime.CompilerServices.AsyncValueTaskMethodBuilder",
        "System.Runtime.CompilerServices.AsyncVoidMethodBuilder",
        "System.Timers.",
        "Microsoft.Extensions.",
    ];

    // Atomic access is no scheduling.
    private static readonly string[] AllowedTypes = ["System.Threading.Interlocked", "System.Threading.Volatile"];

    private static readonly string[] Members =
    [
        "System.DateTime.get_Now",
        "System.DateTime.get_UtcNow",
        "System.DateTime.get_Today",
        "System.DateTimeOffset.get_Now",
        "System.DateTimeOffset.get_UtcNow",
        "System.Environment.get_TickCount",
        "System.Environment.get_TickCount64",
    ];

    /// <summary>The forbidden types and members that an assembly refers to, by full name, in order.</summary>
    public static IReadOnlyList<string> In(Stream assembly)
    {
        using var file = new PEReader(assembly, PEStreamOptions.LeaveOpen);
        MetadataReader metadata = file.GetMetadataReader();
        IEnumerable<string> types = metadata.TypeReferences
            .Select(handle => TypeName(metadata, handle))
            .Where(IsForbiddenType);
        IEnumerable<string> members = metadata.MemberReferences
            .Select(metadata.GetMemberReference)
            .Where(member => member.Parent.Kind == HandleKind.TypeReference)
            .Select(member => $"{TypeName(metadata, (TypeReferenceHandle)member.Parent)}.{metadata.GetString(member.Name)}")
            .Where(Members.Contains);
        return [.. types.Concat(members).Distinct().Order(StringComparer.Ordinal)];
    }

    private static bool IsForbiddenType(string name) =>
        !AllowedTypes.Contains(name)
        && Types.Any(forbidden => forbidden.EndsWith('.')
            ? name.StartsWith(forbidden, StringComparison.Ordinal)
            : name == forbidden || name.StartsWith(forbidden + "`", StringComparison.Ordinal));

    private static string TypeName(MetadataReader metadata, TypeReferenceHandle handle)
    {
        TypeReference type = metadata.GetTypeReference(handle);
        string name = metadata.GetString(type.Name);

        // A nested type stands under its outer one.
        return type.ResolutionScope.Kind == HandleKind.TypeReference
            ? $"{TypeName(metadata, (TypeReferenceHandle)type.ResolutionScope)}.{name}"
            : $"{metadata.GetString(type.Namespace)}.{name}";
    }
}
