using Smtp.Client;

namespace Relay.Delivery;

/// <summary>A connection to one host of a site, with what is used again for each message.</summary>
internal sealed class SiteConnection(SmtpConnection connection, string host) : IAsyncDisposable
{
    /// <summary>The connection.</summary>
    internal SmtpConnection Connection => connection;

    /// <summary>The host's name and address, for events: <c>mx.example.com[192.0.2.1]</c>.</summary>
    internal string Host => host;

    /// <summary>How many messages went over it.</summary>
    internal int Uses { get; set; }

    /// <summary>Envelope and content of the message that is being sent.</summary>
    internal SmtpMessage Message { get; } = new();

    /// <summary>What became of it.</summary>
    internal SendResult Result { get; } = new();

    /// <summary>Says QUIT and closes; what goes wrong with that is of no interest.</summary>
    public async ValueTask DisposeAsync()
    {
        try
        {
            await connection.DisposeAsync().ConfigureAwait(false);
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException or InvalidOperationException or OperationCanceledException)
        {
            // It was to be closed, and is.
        }
    }
}
