using Smtp.Core;

namespace Smtp.Client;

/// <summary>
/// What a client authenticates with (RFC 4954): a user name and password, an OAuth 2.0 access token, or its TLS certificate. Can be shared by
/// any number of connections.
/// </summary>
public sealed class SmtpCredentials
{
    private readonly string _password = string.Empty;
    private readonly string _authorizationIdentity = string.Empty;
    private readonly TokenSource? _tokens;
    private readonly bool _isExternal;

    /// <summary>Takes a password. The strongest is chosen of SCRAM-SHA-256-PLUS, SCRAM-SHA-256, PLAIN and LOGIN.</summary>
    /// <param name="userName">Who authenticates, not empty.</param>
    /// <param name="password">Their password, not empty.</param>
    /// <param name="authorizationIdentity">Whom to act for; empty, the default, for the same. LOGIN cannot say it.</param>
    /// <exception cref="ArgumentException">One holds a NUL or a lone surrogate, or a needed one is empty.</exception>
    public SmtpCredentials(string userName, string password, string authorizationIdentity = "")
    {
        // What is wrong with them is said here and not when a connection is made.
        _ = new PlainSaslClient(userName, password, authorizationIdentity);
        UserName = userName;
        _password = password;
        _authorizationIdentity = authorizationIdentity;
    }

    private SmtpCredentials(string userName, TokenSource tokens)
    {
        // The same: a made-up token shows what is wrong with the name.
        _ = new XOAuth2SaslClient(userName, "x");
        UserName = userName;
        _tokens = tokens;
    }

    private SmtpCredentials(string authorizationIdentity)
    {
        _ = new ExternalSaslClient(authorizationIdentity);
        UserName = string.Empty;
        _authorizationIdentity = authorizationIdentity;
        _isExternal = true;
    }

    /// <summary>Who authenticates; empty where the certificate says it.</summary>
    public string UserName { get; }

    /// <summary>Takes a source of access tokens, for OAUTHBEARER (RFC 7628) or, where the server has only that, XOAUTH2.</summary>
    /// <param name="userName">Whose mailbox it is, not empty.</param>
    /// <param name="getToken">
    /// Asked for a token when there is none, when the last one expires, and when a server has refused it: its first argument is then true,
    /// and a token from a cache is of no use. Its exceptions come out of the call that connects.
    /// </param>
    /// <exception cref="ArgumentException">The name is empty or holds a control character.</exception>
    public static SmtpCredentials ForToken(string userName, Func<bool, CancellationToken, ValueTask<SmtpAccessToken>> getToken)
    {
        ArgumentNullException.ThrowIfNull(getToken);
        return new SmtpCredentials(userName, new TokenSource(getToken));
    }

    /// <summary>Takes the TLS client certificate of the options as what shows who the client is: EXTERNAL (RFC 4422 appendix A).</summary>
    /// <param name="authorizationIdentity">Whom to act for; empty, the default, for whom the certificate names.</param>
    /// <exception cref="ArgumentException">It holds a NUL or a lone surrogate.</exception>
    public static SmtpCredentials ForClientCertificate(string authorizationIdentity = "") => new(authorizationIdentity);

    /// <summary>Whether every mechanism shows the secret, or rests on TLS.</summary>
    internal bool NeedsTls(IReadOnlyList<string>? allowed) => _tokens is not null || _isExternal
        || !(allowed is null || allowed.Any(name => name.StartsWith("SCRAM-", StringComparison.OrdinalIgnoreCase)));

    /// <summary>Whether there may be a new secret where one was refused.</summary>
    internal bool CanRenew => _tokens is not null;

    /// <summary>The token to use now; <see langword="null"/> for credentials that have none.</summary>
    internal async ValueTask<string?> GetTokenAsync(string? refused, DateTimeOffset now, CancellationToken cancellationToken) =>
        _tokens is null ? null : await _tokens.GetAsync(refused, now, cancellationToken).ConfigureAwait(false);

    /// <summary>A new exchange of the first mechanism, the strongest first, that the server offers and that may be used.</summary>
    /// <returns>It, or <see langword="null"/>.</returns>
    internal SaslClientMechanism? Choose(MechanismChoice choice)
    {
        foreach (SaslClientMechanism mechanism in Mechanisms(choice))
        {
            if ((choice.AllowRevealing || !mechanism.RevealsSecret) && choice.IsPossible(mechanism.Name))
            {
                return mechanism;
            }
        }

        return null;
    }

    private IEnumerable<SaslClientMechanism> Mechanisms(MechanismChoice choice)
    {
        if (_isExternal)
        {
            yield return new ExternalSaslClient(_authorizationIdentity);
        }
        else if (_tokens is not null)
        {
            string token = choice.Token!;
            yield return new OAuthBearerSaslClient(UserName, token, choice.Host, choice.Port);
            yield return new XOAuth2SaslClient(UserName, token);
        }
        else
        {
            if (CanScram())
            {
                if (choice.Binding is not null)
                {
                    yield return new ScramSha256SaslClient(UserName, _password, _authorizationIdentity, choice.Binding);
                }

                bool couldBind = choice.Binding is not null && !choice.IsOffered("SCRAM-SHA-256-PLUS");
                yield return new ScramSha256SaslClient(UserName, _password, _authorizationIdentity, couldBind: couldBind);
            }

            yield return new PlainSaslClient(UserName, _password, _authorizationIdentity);
            if (_authorizationIdentity.Length == 0)
            {
                yield return new LoginSaslClient(UserName, _password);
            }
        }
    }

    /// <summary>SCRAM prepares name and password (RFC 4013), which not all can be.</summary>
    private bool CanScram()
    {
        try
        {
            _ = new ScramSha256SaslClient(UserName, _password, _authorizationIdentity);
            return true;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }
}
