namespace Smtp.Client;

/// <summary>An OAuth 2.0 access token.</summary>
/// <param name="Value">The token, visible ASCII.</param>
/// <param name="ExpiresOn">
/// When it is of no use any more; a new one is asked for a minute before. <see langword="null"/>, the default, if unknown: it is used until a
/// server refuses it.
/// </param>
public readonly record struct SmtpAccessToken(string Value, DateTimeOffset? ExpiresOn = null)
{
    /// <summary>Nothing secret.</summary>
    public override string ToString() => ExpiresOn is { } time ? $"access token until {time:u}" : "access token";
}
