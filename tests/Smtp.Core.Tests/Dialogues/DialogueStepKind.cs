namespace Smtp.Core.Tests;

/// <summary>The kinds of lines in a dialogue.</summary>
internal enum DialogueStepKind
{
    /// <summary><c>C:</c> or <c>R:</c>: octets from the client.</summary>
    Client,

    /// <summary><c>S:</c>: one line of the server's output.</summary>
    Server,

    /// <summary><c>TLS</c>: the client shakes hands, which the server must wait for.</summary>
    Tls,

    /// <summary><c>SHUTDOWN</c>: the server stops.</summary>
    Shutdown,

    /// <summary><c>TIMEOUT</c>: the client was silent for too long.</summary>
    Timeout,

    /// <summary><c>CLOSED</c>: the server has closed the connection.</summary>
    Closed,
}
