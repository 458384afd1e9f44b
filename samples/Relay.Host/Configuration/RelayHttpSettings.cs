using System.Net;

namespace Relay.Host;

/// <summary>What of the HTTP service was configured.</summary>
/// <param name="Listen">Where it listens.</param>
/// <param name="BootstrapKey">The key that manages it; null if the first start makes one.</param>
/// <param name="PublicUrl">How the world reaches it; null for the address that it listens on.</param>
/// <param name="RequestsPerSecond">For each key that has no rate of its own.</param>
/// <param name="WebhooksToPrivateAddresses">Whether webhooks may lead to this machine and to private networks.</param>
internal sealed record RelayHttpSettings(IPEndPoint Listen, string? BootstrapKey, Uri? PublicUrl, int RequestsPerSecond, bool WebhooksToPrivateAddresses);
