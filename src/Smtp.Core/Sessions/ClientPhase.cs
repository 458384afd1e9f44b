namespace Smtp.Core;

/// <summary>Where a <see cref="ClientSession"/> stands.</summary>
public enum ClientPhase : byte
{
    /// <summary>Before the server's greeting.</summary>
    Connected,

    /// <summary>Behind a TLS handshake that followed STARTTLS: there is no greeting, and EHLO comes next.</summary>
    Secured,

    /// <summary>Between operations.</summary>
    Ready,

    /// <summary>An operation's commands were sent and replies are awaited.</summary>
    Busy,

    /// <summary>The server wants a body.</summary>
    Body,

    /// <summary>The server wants the TLS handshake.</summary>
    Handshake,

    /// <summary>Over: nothing may be sent any more.</summary>
    Closed,
}
