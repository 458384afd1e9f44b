using System.Text.Json.Serialization;

namespace Relay.Http;

/// <summary>An address as a request gives it: <c>"Name &lt;user@example.com&gt;"</c>, <c>"user@example.com"</c>, or an object of <c>email</c> and <c>name</c>.</summary>
/// <param name="Email">The address, or the whole text where it is one text.</param>
/// <param name="Name">The display name of the object form; null otherwise.</param>
/// <param name="IsText">Whether it was one text, which may hold a display name.</param>
[JsonConverter(typeof(RequestedAddressConverter))]
public sealed record RequestedAddress(string Email, string? Name = null, bool IsText = false)
{
    /// <summary>An address of one text.</summary>
    public static RequestedAddress FromText(string text) => new(text, null, IsText: true);
}
