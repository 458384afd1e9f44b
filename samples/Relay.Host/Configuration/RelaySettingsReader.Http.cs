using System.Net;
using Relay.Http;

namespace Relay.Host;

/// <content>The keys of the HTTP service.</content>
internal sealed partial class RelaySettingsReader
{
    private const int HighestRate = 1_000_000;

    /// <returns>Null if it is switched off.</returns>
    private RelayHttpSettings? Http()
    {
        string? key = _keys.Text("Relay:Http:BootstrapKey");
        if (key is not null && !RelayHttp.IsBootstrapKey(key))
        {
            // The value is a secret, also a wrong one.
            _errors.Add("Relay:Http:BootstrapKey is no key: allowed are 16 to 256 printable ASCII characters without spaces.");
        }

        int rate = _keys.Number("Relay:Http:RequestsPerSecond", 100, 1, HighestRate);
        bool toPrivate = _keys.Flag("Relay:Http:WebhooksToPrivateAddresses", false);
        Uri? url = null;
        if (_keys.Text("Relay:Http:PublicUrl") is { } urlText
            && (!Uri.TryCreate(urlText, UriKind.Absolute, out url) || (url.Scheme != Uri.UriSchemeHttp && url.Scheme != Uri.UriSchemeHttps)))
        {
            _keys.Wrong("Relay:Http:PublicUrl", "a URL of http or https, such as https://mail.example.com");
        }

        if (string.Equals(_configuration["Relay:Http:Listen"], "off", StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        List<IPEndPoint> listen = Listeners("Relay:Http:Listen", "127.0.0.1:8025");
        if (listen.Count == 1)
        {
            return new RelayHttpSettings(listen[0], key, url, rate, toPrivate);
        }

        if (_errors.Count == 0)
        {
            _keys.Wrong("Relay:Http:Listen", "one host:port, or off");
        }

        return null;
    }
}
