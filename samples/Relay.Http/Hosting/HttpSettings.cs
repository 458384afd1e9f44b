using System.Net;
using Smtp.Core;

namespace Relay.Http;

/// <summary>What the service was told to do, checked.</summary>
public sealed record HttpSettings
{
    /// <summary>Where it listens.</summary>
    public required IPEndPoint Listen { get; init; }

    /// <summary>The relay's name, for trace fields.</summary>
    public required string HostName { get; init; }

    /// <summary>The folder of its database; the spool's, which no other process has.</summary>
    public required string DataPath { get; init; }

    /// <summary>The folder of captured mail; null where nothing is captured, and there is no inbox.</summary>
    public string? CapturePath { get; init; }

    /// <summary>The key of the configuration; null if the first start makes one.</summary>
    public string? BootstrapKey { get; init; }

    /// <summary>The address by which the world reaches the service, for tracked links; null for the address that it listens on.</summary>
    public Uri? PublicUrl { get; init; }

    /// <summary>Requests a second for each key that has no rate of its own. Default 100.</summary>
    public int RequestsPerSecond { get; init; } = 100;

    /// <summary>Whether webhooks may lead to this machine and to private networks. Default false: a key must not open what a firewall shuts.</summary>
    public bool WebhooksToPrivateAddresses { get; init; }

    /// <summary>What the SMTP server beside it would refuse is refused here too.</summary>
    public SmtpLimits Limits { get; init; } = new();
}
