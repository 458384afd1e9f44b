namespace Smtp.Interop;

/// <summary>Finds the programs that interop tests need.</summary>
public static class ExternalProgram
{
    private static readonly string[] Folders =
        [.. (Environment.GetEnvironmentVariable("PATH") ?? string.Empty).Split(':', StringSplitOptions.RemoveEmptyEntries), "/usr/bin", "/usr/sbin", "/usr/local/bin", "/opt/exim4/usr/sbin", "/opt/opensmtpd/usr/sbin"];

    /// <summary>Whether this is a CI run, where a missing program is a failure and not a reason to skip.</summary>
    public static bool IsCi => Environment.GetEnvironmentVariable("CI") == "true";

    /// <summary>The program's path.</summary>
    /// <param name="name">Its file name.</param>
    /// <param name="package">The Debian package that brings it.</param>
    /// <param name="skip">Skips the test with a reason: <c>Assert.Skip</c>.</param>
    /// <exception cref="FileNotFoundException">It is not there, and this is a CI run.</exception>
    public static string Demand(string name, string package, Action<string> skip)
    {
        ArgumentNullException.ThrowIfNull(skip);
        string? path = Folders.Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);
        if (path is null)
        {
            Missing($"{name} is not installed: apt-get install {package}", skip);
        }

        return path!;
    }

    /// <summary>Demands what a program needs beside itself.</summary>
    /// <param name="condition">Whether it is there.</param>
    /// <param name="reason">What is missing, and how to get it.</param>
    /// <param name="skip">Skips the test with a reason.</param>
    public static void DemandThat(bool condition, string reason, Action<string> skip)
    {
        ArgumentNullException.ThrowIfNull(skip);
        if (!condition)
        {
            Missing(reason, skip);
        }
    }

    private static void Missing(string reason, Action<string> skip)
    {
        if (IsCi)
        {
            throw new FileNotFoundException(reason);
        }

        skip(reason);
        throw new InvalidOperationException("The test should have been skipped: " + reason);
    }
}
