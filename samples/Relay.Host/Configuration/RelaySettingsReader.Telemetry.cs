namespace Relay.Host;

/// <content>The keys of telemetry.</content>
internal sealed partial class RelaySettingsReader
{
    private static readonly TimeSpan UsualInterval = TimeSpan.FromMinutes(1);

    /// <returns>Null if nothing is sent.</returns>
    private TelemetrySettings? Telemetry()
    {
        string? protocol = _keys.Text("Relay:Telemetry:Protocol");
        TimeSpan interval = _keys.Duration("Relay:Telemetry:Interval", UsualInterval, TimeSpan.FromMilliseconds(100), TimeSpan.FromHours(1));
        bool isHttp = string.Equals(protocol, "http", StringComparison.OrdinalIgnoreCase);
        if (protocol is not null && !isHttp && !string.Equals(protocol, "grpc", StringComparison.OrdinalIgnoreCase))
        {
            _keys.Wrong("Relay:Telemetry:Protocol", "grpc or http");
        }

        if (_keys.Text("Relay:Telemetry:Endpoint") is not { } text)
        {
            if (protocol is not null || _configuration["Relay:Telemetry:Interval"] is not null)
            {
                _errors.Add("Relay:Telemetry:Protocol or Relay:Telemetry:Interval is set, and Relay:Telemetry:Endpoint is not.");
            }

            return null;
        }

        if (!Uri.TryCreate(text, UriKind.Absolute, out Uri? endpoint) || (endpoint.Scheme != Uri.UriSchemeHttp && endpoint.Scheme != Uri.UriSchemeHttps))
        {
            _keys.Wrong("Relay:Telemetry:Endpoint", "a URL of http or https, such as http://127.0.0.1:4317");
            return null;
        }

        return new TelemetrySettings(endpoint, isHttp, interval);
    }
}
