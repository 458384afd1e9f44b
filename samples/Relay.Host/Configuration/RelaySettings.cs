using System.Net;
using Relay.Delivery;

namespace Relay.Host;

/// <summary>What the relay was told to do, checked. README.md has the keys.</summary>
internal sealed record RelaySettings
{
    /// <summary>The relay's own name: in greetings, EHLO and <c>Received:</c> fields.</summary>
    public required string HostName { get; init; }

    /// <summary>Where submissions are taken, with STARTTLS.</summary>
    public required IReadOnlyList<IPEndPoint> Listen { get; init; }

    /// <summary>Where submissions are taken, with TLS from the first octet.</summary>
    public required IReadOnlyList<IPEndPoint> ListenTls { get; init; }

    /// <summary>The folder of what the relay keeps: the development certificate and, by default, captured mail.</summary>
    public required string DataPath { get; init; }

    /// <summary>The folder of the queue.</summary>
    public required string SpoolPath { get; init; }

    /// <summary>The smart host; null for the capture server of this process, or the recipients' mail exchangers.</summary>
    public required RouteSettings? NextHop { get; init; }

    /// <summary>Whether mail goes to the recipients' mail exchangers.</summary>
    public required bool DeliversToExchangers { get; init; }

    /// <summary>How mail leaves; can change while the relay runs. Its next hop is null with the capture server too.</summary>
    public required DeliverySettings Delivery { get; init; }

    /// <summary>Where the capture server listens.</summary>
    public required IPEndPoint CaptureListen { get; init; }

    /// <summary>The folder of captured mail.</summary>
    public required string CapturePath { get; init; }

    /// <summary>Submission users and their passwords.</summary>
    public required IReadOnlyList<KeyValuePair<string, string>> Users { get; init; }

    /// <summary>The HTTP service; null if it is switched off.</summary>
    public required RelayHttpSettings? Http { get; init; }

    /// <summary>Where figures, traces and logs go by OTLP; null for nowhere.</summary>
    public required TelemetrySettings? Telemetry { get; init; }

    /// <summary>The certificate's PEM file; null for the development certificate.</summary>
    public required string? CertificatePath { get; init; }

    /// <summary>The key's PEM file; null without a certificate.</summary>
    public required string? KeyPath { get; init; }
}
