using System.Net.Sockets;
using System.Text;
using BenchmarkDotNet.Attributes;

namespace Smtp.Benchmarks;

/// <summary>A whole mail transaction of 1 KB over loopback with the least client that can be: what one waits for, and what the server allocates.</summary>
[MemoryDiagnoser]
public class LoopbackBenchmarks : IDisposable
{
    private static readonly byte[] Mail = "MAIL FROM:<sender@example.com>\r\n"u8.ToArray();
    private static readonly byte[] Rcpt = "RCPT TO:<recipient@example.net>\r\n"u8.ToArray();
    private static readonly byte[] Data = "DATA\r\n"u8.ToArray();
    private static readonly byte[] Group = [.. Mail, .. Rcpt, .. Data];
    private static readonly byte[] Body = Encoding.ASCII.GetBytes(
        "Subject: bench\r\n\r\n" + string.Concat(Enumerable.Repeat(new string('x', 76) + "\r\n", 13)) + ".\r\n");

    private readonly byte[] _buffer = new byte[4096];
    private CountingServer? _server;
    private Socket? _socket;

    [GlobalSetup]
    public void Setup()
    {
        _server = new CountingServer();
        _socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        _socket.Connect(_server.EndPoint);
        Hear(1);
        _socket.Send("EHLO bench.example.com\r\n"u8);
        _socket.Receive(_buffer);
    }

    [GlobalCleanup]
    public void Dispose()
    {
        GC.SuppressFinalize(this);
        _socket?.Dispose();
        _server?.StopAsync().GetAwaiter().GetResult();
    }

    [Benchmark]
    public void One_command_at_a_time()
    {
        Say(Mail, 1);
        Say(Rcpt, 1);
        Say(Data, 1);
        Say(Body, 1);
    }

    [Benchmark]
    public void Pipelined()
    {
        Say(Group, 3);
        Say(Body, 1);
    }

    private void Say(byte[] octets, int lines)
    {
        _socket!.Send(octets);
        Hear(lines);
    }

    private void Hear(int lines)
    {
        while (lines > 0)
        {
            lines -= _buffer.AsSpan(0, _socket!.Receive(_buffer)).Count((byte)'\n');
        }
    }
}
