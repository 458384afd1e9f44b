using System.Security.Cryptography;
using System.Text;
using Smtp.Core;
using Smtp.Server;

namespace Relay.Policy;

/// <summary>The submission users of the configuration. User names are compared without regard to case, as configuration keys are.</summary>
/// <remarks>
/// Only digests under a key of this process are kept, and all passwords are compared by their digests, of one length and in constant time. An unknown user
/// costs what a known one does: the same digest, compared with one that nothing has.
/// </remarks>
public sealed class ConfiguredUsers : ISmtpAuthenticator
{
    private readonly byte[] _key = RandomNumberGenerator.GetBytes(32);
    private readonly byte[] _nobody = RandomNumberGenerator.GetBytes(HMACSHA256.HashSizeInBytes);
    private readonly Dictionary<string, User> _users = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Takes the users.</summary>
    /// <param name="users">Each one's name and password, neither empty, no name twice.</param>
    public ConfiguredUsers(IEnumerable<KeyValuePair<string, string>> users)
    {
        ArgumentNullException.ThrowIfNull(users);
        foreach ((string name, string password) in users)
        {
            ArgumentException.ThrowIfNullOrEmpty(name, nameof(users));
            ArgumentException.ThrowIfNullOrEmpty(password, nameof(users));
            _users.Add(name, new User(name, Digest(password)));
        }
    }

    /// <summary>How many there are.</summary>
    public int Count => _users.Count;

    /// <summary>Checks a password.</summary>
    /// <returns>The user's name as configured, or null.</returns>
    public string? Check(string name, string password)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(password);
        byte[] given = Digest(password);
        bool known = _users.TryGetValue(name, out User? user);

        // No && before the comparison: it is to take place whether the user is known or not.
        bool equal = CryptographicOperations.FixedTimeEquals(given, user?.PasswordDigest ?? _nobody);
        return known & equal ? user!.Name : null;
    }

    /// <inheritdoc/>
    public ValueTask<AuthenticationResult> AuthenticateAsync(
        SmtpSessionContext session, SaslCredentials credentials, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(credentials);

        // Without a password it is a mechanism that this knows nothing of.
        string? name = credentials.Password is { } password ? Check(credentials.AuthenticationIdentity, password) : null;

        // Who asks to act as somebody else is refused by the engine, as nobody else's name is returned here.
        return ValueTask.FromResult(name is null ? AuthenticationResult.Failure : AuthenticationResult.Success(name));
    }

    private byte[] Digest(string password) => HMACSHA256.HashData(_key, Encoding.UTF8.GetBytes(password));

    private sealed record User(string Name, byte[] PasswordDigest);
}
