namespace Smtp.Client;

/// <summary>Keeps one access token for all connections that share credentials, and has it renewed by one of them at a time.</summary>
#pragma warning disable CA1001 // A semaphore whose wait handle nobody asks for holds nothing to dispose of.
internal sealed class TokenSource(Func<bool, CancellationToken, ValueTask<SmtpAccessToken>> getToken)
#pragma warning restore CA1001
{
    // So much earlier a token counts as expired: it has to last until the server has checked it.
    private static readonly TimeSpan Margin = TimeSpan.FromMinutes(1);

    private readonly SemaphoreSlim _gate = new(1, 1);
    private SmtpAccessToken? _token;

    /// <summary>The token to use now.</summary>
    /// <param name="refused">The token that a server has just refused, which is not given again; <see langword="null"/> for none.</param>
    /// <param name="now">The time.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    internal async ValueTask<string> GetAsync(string? refused, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            // Another connection may have had it renewed meanwhile.
            if (_token is { } kept && kept.Value != refused && !(kept.ExpiresOn - Margin <= now))
            {
                return kept.Value;
            }

            _token = null;
            SmtpAccessToken token = await getToken(refused is not null, cancellationToken).ConfigureAwait(false);
            _token = token;
            return token.Value;
        }
        finally
        {
            _gate.Release();
        }
    }
}
