using Relay.Spool;

namespace Relay.Host;

/// <summary>Prepares folders that a key names.</summary>
internal static class Folders
{
    /// <summary>Makes the folder if it is not there, and shows that files can be made in it.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="key">The key to name if it cannot be used.</param>
    /// <exception cref="RelayStartException">It cannot be made or written.</exception>
    internal static void Prepare(string path, string key)
    {
        try
        {
            DurableFolder.Prepare(path);
        }
        catch (IOException error)
        {
            throw new RelayStartException($"{key}: the folder \"{path}\" cannot be used: {error.Message}", error);
        }
    }
}
