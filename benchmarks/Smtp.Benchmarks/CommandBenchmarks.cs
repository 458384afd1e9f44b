using System.Buffers;
using BenchmarkDotNet.Attributes;
using Smtp.Core;

namespace Smtp.Benchmarks;

/// <summary>From octets to a parsed MAIL, step by step.</summary>
[MemoryDiagnoser]
public class CommandBenchmarks
{
    private static readonly byte[] Line = "MAIL FROM:<bounces+4711@mailer.example.com> SIZE=14336 BODY=8BITMIME\r\n"u8.ToArray();
    private static readonly ReadOnlySequence<byte> Whole = new(Line);
    private static readonly ReadOnlySequence<byte> Straddling = Segments.Of(Line, 20);

    private LineReader _reader;

    [Benchmark]
    public int Line_in_one_segment()
    {
        ReadOnlySequence<byte> input = Whole;
        _reader.Read(ref input, 4096, out ReadOnlySpan<byte> line);
        return line.Length;
    }

    [Benchmark]
    public int Line_over_four_segments()
    {
        ReadOnlySequence<byte> input = Straddling;
        _reader.Read(ref input, 4096, out ReadOnlySpan<byte> line);
        int length = line.Length;
        _reader.ReleaseScratch();
        return length;
    }

    [Benchmark]
    public SmtpVerb Verb() => SmtpCommand.Parse(Line.AsSpan(0, Line.Length - 2)).Verb;

    [Benchmark]
    public bool Path() => PathSyntax.TryParsePath("<bounces+4711@mailer.example.com>"u8, PathOptions.AllowNull, out _);

    [Benchmark]
    public long Mail_with_parameters()
    {
        MailArguments.TryParse(Line.AsSpan(5, Line.Length - 7), ServerProfileOptions.DefaultExtensions, PathOptions.None, out MailArguments arguments);
        return arguments.Size;
    }
}
