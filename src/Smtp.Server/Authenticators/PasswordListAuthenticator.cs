using System.Security.Cryptography;
using System.Text;
using Smtp.Core;

namespace Smtp.Server;

/// <summary>Checks passwords against a list, as a configuration has it. User names are compared without regard to case, as configuration keys are.</summary>
/// <remarks>
/// Only digests under a key of this process are kept, and passwords are compared by digests of one length in constant time. An unknown user costs what a known one does.
/// </remarks>
public sealed class PasswordListAuthenticator : ISmtpAuthenticator
{
    private readonly byte[] _key = RandomNumberGenerator.GetBytes(32);
    private readonly byte[] _nobody = RandomNumberGenerator.GetBytes(HMACSHA256.HashSizeInBytes);
    private readonly Dictionary<string, (string Name, byte[] Digest)> _users = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Takes the users.</summary>
    /// <param name="users">Each one's name and password, neither empty, no name twice.</param>
    /// <exception cref="ArgumentException">A name or password is empty, or a name is there twice.</exception>
    public PasswordListAuthenticator(IEnumerable<KeyValuePair<string, string>> users)
    {
        ArgumentNullException.ThrowIfNull(users);
        foreach ((string name, string password) in users)
        {
            ArgumentException.ThrowIfNullOrEmpty(name, nameof(users));
            ArgumentException.ThrowIfNullOrEmpty(password, nameof(users));
            if (!_users.TryAdd(name, (name, Digest(password))))
            {
                throw new ArgumentException($"The user \"{name}\" is there twice.", nameof(users));
            }
        }
    }

    /// <inheritdoc/>
    public ValueTask<AuthenticationResult> AuthenticateAsync(SmtpSessionContext session, SaslCredentials credentials, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(credentials);
        if (credentials.Password is not { } password)
        {
            return ValueTask.FromResult(AuthenticationResult.Failure);
        }

        byte[] given = Digest(password);
        bool known = _users.TryGetValue(credentials.AuthenticationIdentity, out (string Name, byte[] Digest) user);

        // No && before the comparison: it is to take place whether the user is known or not.
        bool equal = CryptographicOperations.FixedTimeEquals(given, known ? user.Digest : _nobody);
        return ValueTask.FromResult(known & equal ? AuthenticationResult.Success(user.Name) : AuthenticationResult.Failure);
    }

    private byte[] Digest(string password) => HMACSHA256.HashData(_key, Encoding.UTF8.GetBytes(password));
}
