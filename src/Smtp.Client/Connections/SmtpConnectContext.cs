using System.Net;

namespace Smtp.Client;

/// <summary>What <see cref="SmtpConnectionOptions.ConnectCallback"/> is to connect to.</summary>
public sealed class SmtpConnectContext
{
    internal SmtpConnectContext(string host, int port, IPEndPoint? localEndPoint, TimeProvider timeProvider)
    {
        Host = host;
        Port = port;
        LocalEndPoint = localEndPoint;
        TimeProvider = timeProvider;
    }

    /// <summary>The server's host name or IP address.</summary>
    public string Host { get; }

    /// <summary>The server's port.</summary>
    public int Port { get; }

    /// <summary>The address to connect from; <see langword="null"/> for any.</summary>
    public IPEndPoint? LocalEndPoint { get; }

    internal TimeProvider TimeProvider { get; }
}
