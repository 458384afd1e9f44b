namespace Smtp.Client;

/// <summary>What a <see cref="ConnectionPool{T}"/> must know of a connection.</summary>
internal interface IPoolConnection
{
    /// <summary>Whether another message can be sent, as far as this side knows without asking the network.</summary>
    bool IsUsable { get; }

    /// <summary>How many messages the server takes over one connection (RFC 9422 §4.1); <see langword="null"/> if it did not say.</summary>
    int? MaximumMessages { get; }

    /// <summary>
    /// Whether the server has closed the idle connection, or said something that nobody asked for: 421, mostly. Asks the socket and does not
    /// wait. False also where it cannot be told.
    /// </summary>
    bool IsStale();

    /// <summary>Shows the server that the connection is wanted (NOOP). Throws if it is gone.</summary>
    ValueTask PingAsync(CancellationToken cancellationToken);

    /// <summary>Closes: with QUIT if it is in good order. Does not throw for a server that is gone.</summary>
    ValueTask CloseAsync();

    /// <summary>Ends everything at once. What is under way fails.</summary>
    void Abort();
}
