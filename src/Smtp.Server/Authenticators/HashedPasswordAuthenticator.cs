using Smtp.Core;

namespace Smtp.Server;

/// <summary>
/// Checks passwords against stored hashes in the form of ASP.NET Core Identity, version 3 (see <see cref="PasswordHash"/>): point it at the column PasswordHash of
/// its user table.
/// </summary>
/// <remarks>
/// A check costs tens of milliseconds of processor by design. No more of them run at once than there are processors; the rest wait. An unknown user costs what the
/// most costly known one did.
/// </remarks>
public sealed class HashedPasswordAuthenticator : ISmtpAuthenticator, IDisposable
{
    private readonly Func<string, CancellationToken, ValueTask<string?>> _findHash;
    private readonly SemaphoreSlim _processors = new(Environment.ProcessorCount);

    // What nobody's password has. Only ever replaced by a more costly one.
    private string _nobody = PasswordHash.Create(Guid.NewGuid().ToString());

    /// <summary>Takes a store.</summary>
    /// <param name="findHash">Finds a user's hash; null for an unknown user. An exception is logged and answered 454 4.7.0.</param>
    public HashedPasswordAuthenticator(Func<string, CancellationToken, ValueTask<string?>> findHash)
    {
        ArgumentNullException.ThrowIfNull(findHash);
        _findHash = findHash;
    }

    /// <summary>Takes a list, as a configuration has it. User names are compared without regard to case.</summary>
    /// <param name="users">Each one's name and hash, no name twice.</param>
    /// <exception cref="ArgumentException">A hash has another form, or a name is there twice.</exception>
    public HashedPasswordAuthenticator(IEnumerable<KeyValuePair<string, string>> users)
    {
        ArgumentNullException.ThrowIfNull(users);
        var hashes = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach ((string name, string hash) in users)
        {
            if (!PasswordHash.IsValid(hash))
            {
                // The hash is a secret: it is not quoted.
                throw new ArgumentException($"The hash of user \"{name}\" has not the form of ASP.NET Core Identity, version 3.", nameof(users));
            }

            if (!hashes.TryAdd(name, hash))
            {
                throw new ArgumentException($"The user \"{name}\" is there twice.", nameof(users));
            }
        }

        _findHash = (name, _) => ValueTask.FromResult(hashes.GetValueOrDefault(name));
    }

    /// <inheritdoc/>
    public async ValueTask<AuthenticationResult> AuthenticateAsync(SmtpSessionContext session, SaslCredentials credentials, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(credentials);
        if (credentials.Password is not { } password)
        {
            return AuthenticationResult.Failure;
        }

        string? hash = await _findHash(credentials.AuthenticationIdentity, cancellationToken).ConfigureAwait(false);
        if (hash is not null && PasswordHash.CostOf(hash) > PasswordHash.CostOf(_nobody))
        {
            _nobody = hash;
        }

        await _processors.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            // No && before the check: it is to take place whether the user is known or not.
            bool equal = PasswordHash.Verify(hash ?? _nobody, password);
            return hash is not null & equal ? AuthenticationResult.Success(credentials.AuthenticationIdentity) : AuthenticationResult.Failure;
        }
        finally
        {
            _processors.Release();
        }
    }

    /// <summary>Gives the queue back. Not while a server uses it.</summary>
    public void Dispose() => _processors.Dispose();
}
