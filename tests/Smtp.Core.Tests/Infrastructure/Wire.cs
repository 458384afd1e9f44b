using System.Buffers;
using System.Text;

namespace Smtp.Core.Tests;

/// <summary>Octets of a peer, cut into pieces that arrive one by one or as the segments of one sequence.</summary>
public sealed class Wire
{
    private readonly byte[] _octets;
    private readonly int[] _cuts;
    private readonly Delivery _delivery;

    /// <summary>Cuts octets.</summary>
    /// <param name="octets">All that the peer sends.</param>
    /// <param name="cuts">The positions at which a new piece starts, ascending; the same one twice gives an empty piece.</param>
    /// <param name="delivery">How the pieces come.</param>
    public Wire(byte[] octets, int[] cuts, Delivery delivery)
    {
        _octets = octets;
        _cuts = cuts;
        _delivery = delivery;
    }

    /// <summary>All octets.</summary>
    public ReadOnlySpan<byte> Octets => _octets;

    /// <summary>Wire text of a C# literal: one octet a character up to U+00FF, and UTF-8 beyond.</summary>
    public static byte[] Encode(string literal) =>
        literal.All(c => c < 0x100) ? Encoding.Latin1.GetBytes(literal) : Encoding.UTF8.GetBytes(literal);

    /// <summary>Octets as a text of as many characters, for comparison with a literal.</summary>
    public static string Decode(ReadOnlySpan<byte> octets) => Encoding.Latin1.GetString(octets);

    /// <summary>Octets as a reader of a test report wants to see them, with <c>\r\n</c> for CRLF.</summary>
    public static string Show(ReadOnlySpan<byte> octets)
    {
        var text = new StringBuilder();
        foreach (byte octet in octets)
        {
            _ = octet switch
            {
                (byte)'\r' => text.Append("\\r"),
                (byte)'\n' => text.Append("\\n"),
                (byte)'\\' => text.Append("\\\\"),
                >= 32 and <= 126 => text.Append((char)octet),
                _ => text.Append("\\x").Append(octet.ToString("X2", null)),
            };
        }

        return text.ToString();
    }

    /// <summary>Whole, at every single split point, and octet by octet; each as segments and as successive reads.</summary>
    public static IEnumerable<Wire> EverySplit(byte[] octets)
    {
        yield return new Wire(octets, [], Delivery.Segments);
        for (int cut = 0; cut <= octets.Length; cut++)
        {
            yield return new Wire(octets, [cut], Delivery.Segments);
            yield return new Wire(octets, [cut], Delivery.Reads);
        }

        int[] all = [.. Enumerable.Range(1, Math.Max(0, octets.Length - 1))];
        yield return new Wire(octets, all, Delivery.Segments);
        yield return new Wire(octets, all, Delivery.Reads);
    }

    /// <summary>Other octets, cut at the same places as far as they have them, and delivered in the same way.</summary>
    public Wire WithOctets(byte[] octets) => new(octets, [.. _cuts.Where(cut => cut <= octets.Length)], _delivery);

    /// <summary>Brings the octets to <paramref name="step"/>, once for all segments or once a read.</summary>
    /// <returns>What is still unread after the last one.</returns>
    internal byte[] Feed(WireStep step)
    {
        List<ReadOnlyMemory<byte>> pieces = Pieces();
        if (_delivery == Delivery.Segments)
        {
            ReadOnlySequence<byte> input = OctetSegment.Sequence(pieces);
            step(ref input);
            return input.ToArray();
        }

        ReadOnlySequence<byte> unread = ReadOnlySequence<byte>.Empty;
        foreach (ReadOnlyMemory<byte> piece in pieces)
        {
            var segments = new List<ReadOnlyMemory<byte>>();
            foreach (ReadOnlyMemory<byte> segment in unread)
            {
                segments.Add(segment);
            }

            // A read's memory is the reader's own only until the next read: a copy shows who keeps a reference to it.
            segments.Add(piece.ToArray());
            unread = OctetSegment.Sequence(segments);
            step(ref unread);
        }

        return unread.ToArray();
    }

    /// <inheritdoc/>
    public override string ToString()
    {
        string cuts = _cuts.Length == 0 ? "whole"
            : _cuts.Length == _octets.Length - 1 && _cuts.Length > 1 ? "octet by octet"
            : "split at " + string.Join(", ", _cuts);
        return $"\"{Show(_octets)}\" {cuts}, as {(_delivery == Delivery.Segments ? "segments" : "reads")}";
    }

    private List<ReadOnlyMemory<byte>> Pieces()
    {
        var pieces = new List<ReadOnlyMemory<byte>>();
        int start = 0;
        foreach (int cut in _cuts)
        {
            pieces.Add(_octets.AsMemory(start..cut));
            start = cut;
        }

        pieces.Add(_octets.AsMemory(start));
        return pieces;
    }
}
