namespace Relay.Http.Tests;

/// <summary>A store in a folder of its own.</summary>
internal sealed class TemporaryStore : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("relay-http-").FullName;

    internal TemporaryStore() => Store = HttpStore.Open(FilePath);

    internal string FilePath => Path.Combine(_folder, "http.db");

    internal HttpStore Store { get; private set; }

    /// <summary>Closes and opens it, as a restart does.</summary>
    internal async Task ReopenAsync()
    {
        await Store.DisposeAsync();
        Store = HttpStore.Open(FilePath);
    }

    public async ValueTask DisposeAsync()
    {
        await Store.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}
