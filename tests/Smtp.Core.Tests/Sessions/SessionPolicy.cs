namespace Smtp.Core.Tests;

/// <summary>What the outside of a session decides, as fixed data. What is not named is accepted.</summary>
internal sealed class SessionPolicy
{
    /// <summary>Replies by what they answer, such as "RCPT bad@example.org", "MAIL a@example.net", "HELLO name", "CLIENT", "DATA", "COMMIT".</summary>
    public Dictionary<string, SmtpReply> Answers { get; } = new(StringComparer.Ordinal);

    /// <summary>Passwords by user.</summary>
    public Dictionary<string, string> Users { get; } = new(StringComparer.Ordinal);

    /// <summary>SCRAM secrets by user.</summary>
    public Dictionary<string, ScramSecret> Secrets { get; } = new(StringComparer.Ordinal);

    /// <summary>Whom a user may act as besides itself.</summary>
    public Dictionary<string, string> MayActAs { get; } = new(StringComparer.Ordinal);

    /// <summary>What a refused login is answered with; <c>default</c> for the engine's own words.</summary>
    public SmtpReply LoginRefusal { get; set; }

    /// <summary>How many octets of a body the sink writes before it fails with <see cref="SinkFailure"/>.</summary>
    public int SinkCapacity { get; set; } = int.MaxValue;

    public SmtpReply SinkFailure { get; set; } = Replies.LocalError;

    public SmtpReply Answer(string question) => Answers.GetValueOrDefault(question);

    /// <summary>Who a client with these credentials is, or null. A token is its user's name and password with a colon in between.</summary>
    public string? Identify(SaslCredentials credentials)
    {
        string user = credentials.AuthenticationIdentity;
        string? given = credentials.Password;
        if (credentials.Token?.Split(':') is [var name, var secret])
        {
            (user, given) = (name, secret);
        }

        if (!Users.TryGetValue(user, out string? password) || password != given)
        {
            return null;
        }

        return MayActAs.TryGetValue(user, out string? other) && other == credentials.AuthorizationIdentity ? other : user;
    }
}
