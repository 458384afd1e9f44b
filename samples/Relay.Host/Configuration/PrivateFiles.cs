using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;

namespace Relay.Host;

/// <summary>Finds files with secrets that others than their owner may read.</summary>
/// <remarks>
/// It is told and no more. sshd, OpenSMTPD and OpenDKIM refuse such keys; Postfix, Exim and nginx take them. A relay that refuses would not start where
/// secrets are mounted, as by Kubernetes, whose default mode is 0644 in a container that nobody else is in; and mail would stop for a mode that yesterday was good.
/// </remarks>
internal static class PrivateFiles
{
    private const UnixFileMode Others = (UnixFileMode)0b000_111_111;

    private static readonly string[] Secrets = ["Relay:NextHopPassword", "Relay:Http:BootstrapKey", "Relay:Delivery:Verp:Secret"];

    /// <summary>Warns of each.</summary>
    internal static void Check(IConfigurationRoot configuration, RelaySettings settings, ILogger logger)
    {
        foreach ((string path, string mode) in Exposed(configuration, settings))
        {
            RelayLog.Exposed(logger, path, mode);
        }
    }

    /// <summary>The private keys of TLS and DKIM, and the configuration files that hold passwords, with their modes, if others may read them.</summary>
    internal static IReadOnlyList<(string Path, string Mode)> Exposed(IConfigurationRoot configuration, RelaySettings settings)
    {
        if (OperatingSystem.IsWindows())
        {
            // Windows has no modes.
            return [];
        }

        var paths = new List<string>();
        if (settings.KeyPath is { } key)
        {
            paths.Add(key);
        }

        paths.AddRange(settings.Delivery.Dkim.Select(k => k.KeyPath));
        paths.AddRange(configuration.Providers.OfType<FileConfigurationProvider>().Where(HasSecret).Select(PathOf).OfType<string>());
        return [.. paths.Distinct(StringComparer.Ordinal).Select(path => (path, ModeOf(path))).Where(f => (f.Item2 & Others) != 0)
            .Select(f => (f.path, Convert.ToString((int)f.Item2, 8).PadLeft(4, '0')))];
    }

    private static bool HasSecret(FileConfigurationProvider provider) =>
        provider.GetChildKeys([], "Relay:Users").Any() || Array.Exists(Secrets, secret => provider.TryGet(secret, out _));

    private static string? PathOf(FileConfigurationProvider provider) =>
        provider.Source is { FileProvider: { } files, Path: { } path } && files.GetFileInfo(path) is { Exists: true } file ? file.PhysicalPath : null;

    /// <summary>The mode of the file itself, not of a link to it: certificates that are renewed, and mounted secrets, are links. None if it cannot be opened, which is told elsewhere.</summary>
    private static UnixFileMode ModeOf(string path)
    {
        try
        {
            using Microsoft.Win32.SafeHandles.SafeFileHandle file = File.OpenHandle(path);
            return OperatingSystem.IsWindows() ? UnixFileMode.None : File.GetUnixFileMode(file);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return UnixFileMode.None;
        }
    }
}
