using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Smtp.Interop;

/// <summary>Ports for programs that have to be told one.</summary>
public static class ProgramPort
{
    private const int Lowest = 10_240;
    private const int Highest = 65_535;

    /// <summary>
    /// A port of 127.0.0.1 that is free for TCP and UDP. It is none of those that the system gives to connections and to sockets bound to port 0: one of
    /// those would often be gone again before the program binds it, beside other tests that connect and listen; and a connection that tries whether the
    /// program listens already could be given the very port and reach itself.
    /// </summary>
    public static int Find()
    {
        (int first, int end) = Range();
        while (true)
        {
            int port = Random.Shared.Next(first, end);
            try
            {
                using var tcp = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                tcp.Bind(new IPEndPoint(IPAddress.Loopback, port));
                using var udp = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
                udp.Bind(new IPEndPoint(IPAddress.Loopback, port));
                return port;
            }
            catch (SocketException error) when (error.SocketErrorCode == SocketError.AddressAlreadyInUse)
            {
                // The next one.
            }
        }
    }

    /// <summary>Whether somebody listens on a port of 127.0.0.1.</summary>
    /// <param name="port">The port.</param>
    public static async Task<bool> IsListeningAsync(int port)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(IPAddress.Loopback, port).ConfigureAwait(false);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <summary>The larger part of the ports beside those of the system.</summary>
    private static (int First, int End) Range()
    {
        const string Setting = "/proc/sys/net/ipv4/ip_local_port_range";
        string[] limits = File.ReadAllText(Setting).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        int low = int.Parse(limits[0], CultureInfo.InvariantCulture);
        int high = int.Parse(limits[1], CultureInfo.InvariantCulture);
        (int, int) range = low - Lowest > Highest - high ? (Lowest, low) : (high + 1, Highest + 1);
        return range.Item2 - range.Item1 >= 1000
            ? range
            : throw new InvalidOperationException($"{Setting} is {low} to {high} and leaves no thousand ports from {Lowest} on that a test could use.");
    }
}
