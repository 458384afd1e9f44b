using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Relay.Delivery;

/// <summary>Gets policies by HTTPS from <c>mta-sts.DOMAIN</c> (RFC 8461 §3.3): valid certificate, no redirect, no more than 64 KB.</summary>
[SuppressMessage("Design", "CA1001", Justification = "Lives as long as the process, as an HttpClient should.")]
internal sealed class MtaStsFetcher
{
    private const int LargestPolicy = 64 * 1024;
    private readonly HttpClient _http;

    /// <summary>Makes a fetcher.</summary>
    /// <param name="at">Where to connect to, whatever the domain; null for the policy host itself.</param>
    /// <param name="caPath">Certificates to trust besides the system's; null for none.</param>
    internal MtaStsFetcher(IPEndPoint? at = null, string? caPath = null)
    {
        var handler = new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, ConnectTimeout = TimeSpan.FromSeconds(20) };
        handler.SslOptions.RemoteCertificateValidationCallback = new TrustStore().Validator(caPath);
        if (at is not null)
        {
            handler.ConnectCallback = async (_, cancellationToken) =>
            {
                var socket = new Socket(at.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
                await socket.ConnectAsync(at, cancellationToken).ConfigureAwait(false);
                return new NetworkStream(socket, ownsSocket: true);
            };
        }

        // §3.3: a minute for all of it.
        _http = new HttpClient(handler) { Timeout = TimeSpan.FromMinutes(1), MaxResponseContentBufferSize = LargestPolicy };
    }

    /// <summary>Gets the text of a domain's policy; null if there is none to be had.</summary>
    internal async Task<string?> FetchAsync(string domain, CancellationToken cancellationToken)
    {
        try
        {
            using HttpResponseMessage response = await _http.GetAsync(
                new Uri($"https://mta-sts.{domain}/.well-known/mta-sts.txt"), HttpCompletionOption.ResponseContentRead, cancellationToken).ConfigureAwait(false);
            return response.StatusCode == HttpStatusCode.OK
                ? Encoding.UTF8.GetString(await response.Content.ReadAsByteArrayAsync(cancellationToken).ConfigureAwait(false))
                : null;
        }
        catch (Exception error) when (error is HttpRequestException or UriFormatException || (error is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return null;
        }
    }
}
