using System.Net;
using System.Net.Sockets;

namespace Smtp.Client;

/// <summary>
/// Connects to a name by whichever of its addresses answers first, without a crowd of connections ("happy eyeballs", RFC 8305): families
/// alternate, and each further attempt begins when the one before has failed or has kept silent for a quarter of a second.
/// </summary>
internal static class TcpConnector
{
    /// <summary>The Connection Attempt Delay that RFC 8305 §5 recommends.</summary>
    internal static readonly TimeSpan AttemptDelay = TimeSpan.FromMilliseconds(250);

    // A name may have any number of addresses, and each costs a socket.
    private const int MaximumAddresses = 16;

    /// <summary>Connects.</summary>
    /// <exception cref="SocketException">The name has no address.</exception>
    /// <exception cref="IOException">No address took the connection.</exception>
    internal static async ValueTask<Socket> ConnectAsync(
        string host, int port, IPEndPoint? local, TimeProvider timeProvider, CancellationToken cancellationToken)
    {
        IPAddress[] found = IPAddress.TryParse(host, out IPAddress? literal)
            ? [literal]
            : await Dns.GetHostAddressesAsync(host, cancellationToken).ConfigureAwait(false);
        IReadOnlyList<IPAddress> addresses = Order(local is null ? found : found.Where(address => address.AddressFamily == local.AddressFamily));
        if (addresses.Count == 0)
        {
            throw new IOException(local is null ? $"{host} has no address." : $"{host} has no address of the family of {local.Address}.");
        }

        return await RaceAsync(
            addresses, (address, token) => ConnectAsync(new IPEndPoint(address, port), local, token), timeProvider, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>RFC 8305 §4: the system's order (RFC 6724), and the families in turn, the first address's first.</summary>
    internal static IReadOnlyList<IPAddress> Order(IEnumerable<IPAddress> addresses)
    {
        IPAddress[] all = [.. addresses.Distinct()];
        var first = new Queue<IPAddress>(all.Where(address => address.AddressFamily == all[0].AddressFamily));
        var second = new Queue<IPAddress>(all.Where(address => address.AddressFamily != all[0].AddressFamily));
        var ordered = new List<IPAddress>(all.Length);
        while (first.Count + second.Count > 0 && ordered.Count < MaximumAddresses)
        {
            if (first.TryDequeue(out IPAddress? address))
            {
                ordered.Add(address);
            }

            if (second.TryDequeue(out address) && ordered.Count < MaximumAddresses)
            {
                ordered.Add(address);
            }
        }

        return ordered;
    }

    /// <summary>Runs attempts until one succeeds. The others are cancelled, and closed if they succeed all the same.</summary>
    internal static async Task<T> RaceAsync<T>(
        IReadOnlyList<IPAddress> addresses,
        Func<IPAddress, CancellationToken, Task<T>> attempt,
        TimeProvider timeProvider,
        CancellationToken cancellationToken)
        where T : IDisposable
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var running = new List<Task>();
        var errors = new List<Exception>();
        Task? delay = null;
        int started = 0;
        try
        {
            while (true)
            {
                if (started < addresses.Count && delay is null)
                {
                    running.Add(attempt(addresses[started++], ending.Token));
                    delay = started < addresses.Count ? Task.Delay(AttemptDelay, timeProvider, ending.Token) : null;
                }

                if (running.Count == 0)
                {
                    throw Failed(errors);
                }

                Task ended = await Task.WhenAny(delay is null ? running : running.Append(delay)).ConfigureAwait(false);
                cancellationToken.ThrowIfCancellationRequested();
                if (ended == delay)
                {
                    delay = null;
                    continue;
                }

                running.Remove(ended);
                if (ended.IsCompletedSuccessfully)
                {
                    return await ((Task<T>)ended).ConfigureAwait(false);
                }

                errors.Add(ended.Exception?.InnerException ?? new OperationCanceledException());

                // What has failed is not waited for.
                delay = null;
            }
        }
        finally
        {
            await ending.CancelAsync().ConfigureAwait(false);
            foreach (Task<T> late in running.Cast<Task<T>>())
            {
                _ = CloseAsync(late);
            }
        }
    }

    // A socket's message names the address.
    private static IOException Failed(List<Exception> errors) => new(
        string.Join("; ", errors.Select(error => error.Message).Distinct()), errors.Count == 1 ? errors[0] : new AggregateException(errors));

    private static async Task<Socket> ConnectAsync(IPEndPoint remote, IPEndPoint? local, CancellationToken cancellationToken)
    {
        // Commands go out in whole flights: waiting for more to send (Nagle) costs 40 ms a message against delayed acknowledgements.
        var socket = new Socket(remote.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            if (local is not null)
            {
                socket.Bind(local);
            }

            await socket.ConnectAsync(remote, cancellationToken).ConfigureAwait(false);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static async Task CloseAsync<T>(Task<T> late)
        where T : IDisposable
    {
        try
        {
            (await late.ConfigureAwait(false)).Dispose();
        }
        catch (Exception error) when (error is SocketException or OperationCanceledException or IOException or ObjectDisposedException)
        {
            // It lost.
        }
    }
}
