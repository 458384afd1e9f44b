using System.Net;
using System.Net.Sockets;

namespace Smtp.Server;

/// <summary>The file of a Unix domain socket. At a stop the socket itself removes it; a process that was killed leaves it behind.</summary>
internal static class UnixSocketFile
{
    // open(2) on a socket: "ENXIO: The file is a UNIX domain socket". The other systems' EOPNOTSUPP has other numbers, and the file then stays.
    private const int Enxio = 6;

    /// <summary>Removes the file if it is a socket that nobody listens on. Anything else stays, and binding to it will say why it cannot.</summary>
    internal static void RemoveStale(EndPoint endPoint)
    {
        if (endPoint is UnixDomainSocketEndPoint && endPoint.ToString() is { } path && IsSocket(path) && !IsListening(endPoint))
        {
            File.Delete(path);
        }
    }

    private static bool IsSocket(string path)
    {
        try
        {
            // For reading and writing: a named pipe opened for reading alone would wait for a writer.
            using FileStream file = new(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, bufferSize: 0);
            return false;
        }
        catch (IOException error)
        {
            return error.HResult == Enxio;
        }
        catch (UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static bool IsListening(EndPoint endPoint)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            socket.Connect(endPoint);
            return true;
        }
        catch (SocketException error)
        {
            // With another error, such as a full queue, somebody may well listen.
            return error.SocketErrorCode != SocketError.ConnectionRefused;
        }
    }
}
