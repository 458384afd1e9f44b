using System.Buffers;
using System.Text;
using BenchmarkDotNet.Attributes;
using Smtp.Core;

namespace Smtp.Benchmarks;

/// <summary>DATA transparency both ways, beside one search over the same octets: what reading them once costs.</summary>
[MemoryDiagnoser]
public class BodyBenchmarks
{
    private byte[] _content = [];
    private byte[] _wire = [];
    private DotDecoder _decoder;
    private DotEncoder _encoder;

    /// <summary>Octets of the body.</summary>
    [Params(1024, 64 * 1024, 1024 * 1024)]
    public int Size { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        var text = new StringBuilder(Size + 80);
        while (text.Length < Size)
        {
            text.Append('x', 76).Append("\r\n");
        }

        _content = Encoding.ASCII.GetBytes(text.ToString());
        _wire = [.. _content, .. ".\r\n"u8];
    }

    [Benchmark(Baseline = true)]
    public int Search_for_an_octet_that_is_not_there() => _content.AsSpan().IndexOf((byte)0);

    [Benchmark]
    public long Decode()
    {
        _decoder.Reset();
        var input = new ReadOnlySequence<byte>(_wire);
        long length = 0;
        while (_decoder.Read(ref input, out ReadOnlyMemory<byte> chunk) == BodyStatus.Chunk)
        {
            length += chunk.Length;
        }

        return length;
    }

    [Benchmark]
    public long Encode()
    {
        _encoder.Reset();
        var input = new ReadOnlySequence<byte>(_content);
        long length = 0;
        while (_encoder.Read(ref input, out ReadOnlyMemory<byte> chunk) == BodyStatus.Chunk)
        {
            length += chunk.Length;
        }

        return length + _encoder.Terminator.Length;
    }
}
