using System.Globalization;
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
        string? key = Text("Relay:Http:BootstrapKey");
        if (key is not null && !RelayHttp.IsBootstrapKey(key))
        {
            // The value is a secret, also a wrong one.
            _errors.Add("Relay:Http:BootstrapKey is no key: allowed are 16 to 256 printable ASCII characters without spaces.");
        }

        int rate = 100;
        if (Text("Relay:Http:RequestsPerSecond") is { } rateText
            && (!int.TryParse(rateText, NumberStyles.None, CultureInfo.InvariantCulture, out rate) || rate is < 1 or > HighestRate))
        {
            Wrong("Relay:Http:RequestsPerSecond", $"a number from 1 to {HighestRate}");
        }

        bool toPrivate = false;
        if (Text("Relay:Http:WebhooksToPrivateAddresses") is { } privateText && !bool.TryParse(privateText, out toPrivate))
        {
            Wrong("Relay:Http:WebhooksToPrivateAddresses", "true or false");
        }

        Uri? url = null;
        if (Text("Relay:Http:PublicUrl") is { } urlText
            && (!Uri.TryCreate(urlText, UriKind.Absolute, out url) || (url.Scheme != Uri.UriSchemeHttp && url.Scheme != Uri.UriSchemeHttps)))
        {
            Wrong("Relay:Http:PublicUrl", "a URL of http or https, such as https://mail.example.com");
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
            Wrong("Relay:Http:Listen", "one host:port, or off");
        }

        return null;
    }
}
