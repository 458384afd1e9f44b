using System.Buffers;
using System.Text;
using Microsoft.Extensions.Logging;

namespace Smtp.Client;

/// <summary>
/// Logs a dialogue line by line: the one place where lines are traced, and where AUTH is masked. Stands in front of the output as a
/// writer of commands; content does not pass through it.
/// </summary>
internal sealed class ProtocolTrace(ILogger logger) : IBufferWriter<byte>
{
    private const int MaximumLoggedLength = 512;

    private readonly List<string> _sent = [];
    private IBufferWriter<byte> _output = new ArrayBufferWriter<byte>(1);
    private Memory<byte> _memory;

    /// <summary>Whether what is written now belongs to a SASL exchange.</summary>
    internal bool IsSecret { get; set; }

    /// <summary>Where what is written goes on to.</summary>
    internal void SetOutput(IBufferWriter<byte> output) => _output = output;

    /// <inheritdoc/>
    public void Advance(int count)
    {
        // Every command is written in one piece.
        _sent.AddRange(Lines(_memory.Span[..count], isSent: true));
        _output.Advance(count);
    }

    /// <inheritdoc/>
    public Memory<byte> GetMemory(int sizeHint = 0) => _memory = _output.GetMemory(sizeHint);

    /// <inheritdoc/>
    public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    /// <summary>Logs what was read and consumed, and then what was written in answer to it.</summary>
    internal void Log(ReadOnlySequence<byte> received)
    {
        foreach (string line in Lines(received.ToArray(), isSent: false))
        {
            ClientLog.LineReceived(logger, line);
        }

        LogSent();
    }

    /// <summary>Logs what was written and is not logged yet.</summary>
    internal void LogSent()
    {
        foreach (string line in _sent)
        {
            ClientLog.LineSent(logger, line);
        }

        _sent.Clear();
    }

    /// <summary>Logs that content was sent.</summary>
    internal void LogContent(long length) => ClientLog.LineSent(logger, $"({length} octets of content)");

    private List<string> Lines(ReadOnlySpan<byte> octets, bool isSent)
    {
        var lines = new List<string>();
        while (!octets.IsEmpty)
        {
            int end = octets.IndexOf("\r\n"u8);
            lines.Add(Mask(end < 0 ? octets : octets[..end], isSent));
            octets = end < 0 ? default : octets[(end + 2)..];
        }

        return lines;
    }

    private string Mask(ReadOnlySpan<byte> line, bool isSent)
    {
        if (isSent && line.StartsWith("AUTH "u8))
        {
            int space = line[5..].IndexOf((byte)' ');
            return space < 0 ? Printable(line) : Printable(line[..(5 + space)]) + " ***";
        }

        if (isSent)
        {
            return IsSecret ? "***" : Printable(line);
        }

        // Challenges carry nonces and salts.
        return line.StartsWith("334 "u8) ? "334 ***" : Printable(line);
    }

    private static string Printable(ReadOnlySpan<byte> line)
    {
        string text = Encoding.UTF8.GetString(line.Length > MaximumLoggedLength ? line[..MaximumLoggedLength] : line);
        return string.Concat(text.Select(c => char.IsControl(c) ? '?' : c));
    }
}
