namespace Smtp.Core.Tests;

/// <summary>What a random client sends: items in plaintext, and items behind a handshake if the server got so far.</summary>
/// <param name="Plain">Commands, lines and bodies, each whole.</param>
/// <param name="Encrypted">The same, under TLS.</param>
/// <param name="Seed">Says where reads are cut.</param>
public sealed record SessionScript(IReadOnlyList<string> Plain, IReadOnlyList<string> Encrypted, int Seed)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Show(Plain)} TLS {Show(Encrypted)}, seed {Seed}";

    private static string Show(IEnumerable<string> items) =>
        string.Join(" | ", items.Select(Show));

    private static string Show(string item) =>
        item.Length > 300 ? $"{Wire.Show(Wire.Encode(item[..60]))}... ({item.Length})" : Wire.Show(Wire.Encode(item));
}
