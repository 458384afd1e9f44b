namespace Smtp.Core.Tests;

/// <summary>A text that is a path, or nearly; octets as Latin-1.</summary>
public sealed record PathText(string Text)
{
    /// <summary>The octets.</summary>
    public byte[] Octets => Wire.Encode(Text);

    /// <inheritdoc/>
    public override string ToString() => Wire.Show(Octets);
}
