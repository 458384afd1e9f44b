using System.Reflection;

namespace Smtp.Server.Tests;

/// <summary>Where the sources are: documentation is tested too.</summary>
internal static class Repository
{
    /// <summary>The folder of this project.</summary>
    internal static string Project { get; } =
        typeof(Repository).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "ProjectDirectory").Value!;

    /// <summary>The folder of the solution.</summary>
    internal static string Root { get; } = Path.GetFullPath(Path.Combine(Project, "..", ".."));
}
