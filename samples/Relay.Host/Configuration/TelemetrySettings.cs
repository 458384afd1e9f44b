namespace Relay.Host;

/// <summary>Where figures, traces and logs go by OTLP.</summary>
/// <param name="Endpoint">The collector; with HTTP the paths of the signals are put behind it.</param>
/// <param name="IsHttp">Protobuf over HTTP; else gRPC.</param>
/// <param name="Interval">How often figures are sent.</param>
internal sealed record TelemetrySettings(Uri Endpoint, bool IsHttp, TimeSpan Interval);
