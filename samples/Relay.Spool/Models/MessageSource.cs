namespace Relay.Spool;

/// <summary>How a message came in.</summary>
public enum MessageSource
{
    /// <summary>By SMTP.</summary>
    Smtp = 0,

    /// <summary>By the HTTP API.</summary>
    Api = 1,

    /// <summary>Made by the relay itself, such as a delivery status notification.</summary>
    Relay = 2,
}
