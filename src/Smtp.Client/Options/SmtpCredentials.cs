using Smtp.Core;

namespace Smtp.Client;

/// <summary>A user name and password for AUTH (RFC 4954).</summary>
public sealed class SmtpCredentials
{
    private readonly string _password;
    private readonly string _authorizationIdentity;

    /// <summary>Takes the credentials.</summary>
    /// <param name="userName">Who authenticates, not empty.</param>
    /// <param name="password">Their password, not empty.</param>
    /// <param name="authorizationIdentity">Whom to act for; empty, the default, for the same. Only PLAIN can say it.</param>
    /// <exception cref="ArgumentException">One holds a NUL or a lone surrogate, or a needed one is empty.</exception>
    public SmtpCredentials(string userName, string password, string authorizationIdentity = "")
    {
        // What is wrong with them is said here and not when a connection is made.
        _ = new PlainSaslClient(userName, password, authorizationIdentity);
        UserName = userName;
        _password = password;
        _authorizationIdentity = authorizationIdentity;
    }

    /// <summary>Who authenticates.</summary>
    public string UserName { get; }

    /// <summary>A new exchange of the first mechanism, the strongest first, that the server offers and that may be used.</summary>
    /// <returns>It, or <see langword="null"/>.</returns>
    internal SaslClientMechanism? Choose(PeerCapabilities peer, bool allowRevealing)
    {
        foreach (SaslClientMechanism mechanism in Mechanisms())
        {
            if ((allowRevealing || !mechanism.RevealsSecret) && peer.AuthenticationMechanisms.Contains(mechanism.Name))
            {
                return mechanism;
            }
        }

        return null;
    }

    private IEnumerable<SaslClientMechanism> Mechanisms()
    {
        yield return new PlainSaslClient(UserName, _password, _authorizationIdentity);
        if (_authorizationIdentity.Length == 0)
        {
            yield return new LoginSaslClient(UserName, _password);
        }
    }
}
