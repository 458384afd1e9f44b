using Smtp.Core;

namespace Smtp.Server;

/// <summary>An authenticator's answer.</summary>
public readonly struct AuthenticationResult
{
    private AuthenticationResult(string? identity, SmtpReply reply)
    {
        Identity = identity;
        Reply = reply;
    }

    /// <summary>Who the client is from now on; null if refused.</summary>
    public string? Identity { get; }

    /// <summary>The reply of a refusal; <c>default</c> is 535 5.7.8.</summary>
    public SmtpReply Reply { get; }

    /// <summary>The credentials are wrong: 535 5.7.8, the same for unknown users and wrong passwords. Also <c>default</c>.</summary>
    public static AuthenticationResult Failure => default;

    /// <summary>The credentials could not be checked now: 454 4.7.0.</summary>
    public static AuthenticationResult Unavailable => new(null, Replies.AuthenticationUnavailable);

    /// <summary>The credentials are right.</summary>
    /// <param name="identity">Who the client is from now on.</param>
    public static AuthenticationResult Success(string identity)
    {
        ArgumentException.ThrowIfNullOrEmpty(identity);
        return new AuthenticationResult(identity, default);
    }

    /// <summary>
    /// Refuses in other words, such as 534 5.7.9 or 432 4.7.12 (RFC 4954 §6). A 4yz says that the credentials were not checked: it is not counted as a failure.
    /// </summary>
    public static AuthenticationResult Refuse(SmtpReply reply) =>
        reply.IsPositive ? throw new ArgumentException("A refusal is 4yz or 5yz.", nameof(reply)) : new AuthenticationResult(null, reply);
}
