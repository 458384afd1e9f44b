namespace Smtp.Core;

/// <summary>What a client's SASL messages claimed, for an authenticator to check.</summary>
public sealed class SaslCredentials
{
    /// <summary>Makes credentials.</summary>
    public SaslCredentials(string mechanism, string authorizationId, string authenticationId, string password)
    {
        Mechanism = mechanism;
        AuthorizationId = authorizationId;
        AuthenticationId = authenticationId;
        Password = password;
    }

    /// <summary>The mechanism's registered name, such as "PLAIN".</summary>
    public string Mechanism { get; }

    /// <summary>Who the client wants to act as (authzid, RFC 4616 §2); empty: as who it authenticates.</summary>
    public string AuthorizationId { get; }

    /// <summary>Who the client says it is (authcid).</summary>
    public string AuthenticationId { get; }

    /// <summary>The password as sent.</summary>
    public string Password { get; }

    /// <summary>Never the password.</summary>
    public override string ToString() => $"{Mechanism} {AuthenticationId}";
}
