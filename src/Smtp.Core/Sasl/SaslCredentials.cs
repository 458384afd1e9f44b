namespace Smtp.Core;

/// <summary>What a client's SASL messages claimed, for an authenticator to check.</summary>
public sealed class SaslCredentials
{
    /// <summary>Makes credentials without a secret, as for a client certificate.</summary>
    public SaslCredentials(string mechanism, string authorizationIdentity, string authenticationIdentity)
        : this(mechanism, authorizationIdentity, authenticationIdentity, null, null)
    {
    }

    private SaslCredentials(string mechanism, string authorizationIdentity, string authenticationIdentity, string? password, string? token)
    {
        Mechanism = mechanism;
        AuthorizationIdentity = authorizationIdentity;
        AuthenticationIdentity = authenticationIdentity;
        Password = password;
        Token = token;
    }

    /// <summary>The mechanism's registered name, such as "PLAIN".</summary>
    public string Mechanism { get; }

    /// <summary>Who the client wants to act as (authzid, RFC 4616 §2); empty: as who it authenticates.</summary>
    public string AuthorizationIdentity { get; }

    /// <summary>Who the client says it is (authcid); empty where the token or the certificate says it (OAUTHBEARER, EXTERNAL).</summary>
    public string AuthenticationIdentity { get; }

    /// <summary>The password as sent (PLAIN, LOGIN); null with other mechanisms.</summary>
    public string? Password { get; }

    /// <summary>The bearer token as sent (OAUTHBEARER, XOAUTH2); null with other mechanisms.</summary>
    public string? Token { get; }

    /// <summary>Makes credentials with a password.</summary>
    public static SaslCredentials ForPassword(string mechanism, string authorizationIdentity, string authenticationIdentity, string password) =>
        new(mechanism, authorizationIdentity, authenticationIdentity, password, null);

    /// <summary>Makes credentials with a bearer token.</summary>
    public static SaslCredentials ForToken(string mechanism, string authorizationIdentity, string authenticationIdentity, string token) =>
        new(mechanism, authorizationIdentity, authenticationIdentity, null, token);

    /// <summary>Whether a name holds a control character, which RFC 4013 §2.3 prohibits and which would break the lines of a log.</summary>
    internal bool HasControls => AuthenticationIdentity.Any(char.IsControl) || AuthorizationIdentity.Any(char.IsControl);

    /// <summary>Never a secret.</summary>
    public override string ToString() => $"{Mechanism} {AuthenticationIdentity}";
}
