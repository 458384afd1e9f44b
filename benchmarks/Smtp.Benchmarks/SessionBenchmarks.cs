using System.Buffers;
using System.Text;
using BenchmarkDotNet.Attributes;
using Smtp.Core;

namespace Smtp.Benchmarks;

/// <summary>A whole mail transaction of 1 KB through the session, in memory: what the protocol costs beside the network.</summary>
[MemoryDiagnoser]
public class SessionBenchmarks
{
    private readonly ServerSession _session = new(new ServerProfile(new ServerProfileOptions { HostName = "bench.example.com" }));
    private readonly ArrayBufferWriter<byte> _output = new(4096);
    private byte[] _envelope = [];
    private byte[] _body = [];

    /// <summary>Recipients of the message.</summary>
    [Params(1, 10, 1000)]
    public int Recipients { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        var envelope = new StringBuilder("MAIL FROM:<sender@example.com>\r\n");
        for (int i = 0; i < Recipients; i++)
        {
            envelope.Append("RCPT TO:<recipient@example.net>\r\n");
        }

        _envelope = Encoding.ASCII.GetBytes(envelope.Append("DATA\r\n").ToString());
        var body = new StringBuilder("From: <sender@example.com>\r\nSubject: bench\r\n\r\n");
        while (body.Length < 1024)
        {
            body.Append('x', 76).Append("\r\n");
        }

        _body = Encoding.ASCII.GetBytes(body.Append(".\r\n").ToString());
        Run([]);
        Run("EHLO bench.example.com\r\n"u8.ToArray());
    }

    [Benchmark]
    public int Transaction()
    {
        int said = Run(_envelope);
        return said + Run(_body);
    }

    private int Run(byte[] octets)
    {
        _output.ResetWrittenCount();
        var input = new ReadOnlySequence<byte>(octets);
        while (true)
        {
            switch (_session.Advance(ref input, _output))
            {
                case ServerEffect.NeedInput:
                    return _output.WrittenCount;
                case ServerEffect.Flush:
                    _output.ResetWrittenCount();
                    break;
                case ServerEffect.WriteBody:
                case ServerEffect.AbortMessage:
                    break;
                case ServerEffect.CommitMessage:
                    _session.Resume(Replies.MessageAccepted, _output);
                    break;
                default:
                    _session.Resume(default, _output);
                    break;
            }
        }
    }
}
