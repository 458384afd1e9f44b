using System.Text;

namespace Smtp.Core;

/// <summary>A reply as it came from a server (RFC 5321 §4.2): all its lines with their CRLFs. <c>default</c> is no reply.</summary>
/// <remarks>
/// A view of octets; text is made of them only when it is asked for. One that a <see cref="ReplyReader"/> or a
/// <see cref="ClientSession"/> hands out is valid until the next reply is read; one in a <see cref="TransactionReport"/> until that is
/// filled anew. Use <see cref="ToOwned"/> to keep it.
/// </remarks>
public readonly struct ReceivedReply : IEquatable<ReceivedReply>
{
    private readonly ReadOnlyMemory<byte> _octets;

    /// <summary>Takes lines that a <see cref="ReplyReader"/> has checked.</summary>
    internal ReceivedReply(ReadOnlyMemory<byte> octets) => _octets = octets;

    /// <summary>Whether this is no reply.</summary>
    public bool IsNone => _octets.IsEmpty;

    /// <summary>The octets of all lines, CRLFs included.</summary>
    public ReadOnlySpan<byte> Octets => _octets.Span;

    /// <summary>The reply code, 200 to 599; 0 for no reply.</summary>
    public int Code => _octets.IsEmpty ? 0 : ParseCode(_octets.Span);

    /// <summary>The class that the first digit gives.</summary>
    public ReplyClass Class => _octets.IsEmpty ? ReplyClass.None : (ReplyClass)(_octets.Span[0] - '0');

    /// <summary>Whether the server did what was asked or wants more: 2yz or 3yz.</summary>
    public bool IsPositive => Class is ReplyClass.Completion or ReplyClass.Intermediate;

    /// <summary>
    /// The enhanced status that the first line starts with (RFC 2034 §4); <see cref="EnhancedStatus.None"/> without one, or if its class
    /// contradicts the reply code.
    /// </summary>
    public EnhancedStatus Status
    {
        get
        {
            foreach (ReadOnlySpan<byte> line in Lines)
            {
                return EnhancedStatus.TryParse(line, out EnhancedStatus status, out _) && status.Class == (byte)Class ? status : EnhancedStatus.None;
            }

            return EnhancedStatus.None;
        }
    }

    /// <summary>The texts of the lines, enhanced status included.</summary>
    public ReplyLineEnumerator Lines => new(_octets.Span);

    /// <summary>
    /// The text without codes and enhanced statuses, lines joined by a line feed. Octets that are no UTF-8 become U+FFFD and control
    /// characters question marks, so that a log or a notification that quotes it stays whole.
    /// </summary>
    public string GetText()
    {
        var text = new StringBuilder();
        bool first = true;
        foreach (ReadOnlySpan<byte> line in Lines)
        {
            ReadOnlySpan<byte> rest = EnhancedStatus.TryParse(line, out EnhancedStatus status, out int length) && status.Class == (byte)Class
                ? line[length..].TrimStart((byte)' ')
                : line;
            if (!first)
            {
                text.Append('\n');
            }

            first = false;
            AppendPrintable(text, rest);
        }

        return text.ToString();
    }

    /// <summary>A copy that owns its octets.</summary>
    public ReceivedReply ToOwned() => new(_octets.ToArray());

    /// <summary>Same octets.</summary>
    public bool Equals(ReceivedReply other) => Octets.SequenceEqual(other.Octets);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is ReceivedReply other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = default(HashCode);
        hash.AddBytes(Octets);
        return hash.ToHashCode();
    }

    /// <summary>Code and text on one line, as for a log: <c>550 5.1.1 No such user / ask the postmaster</c>; empty for no reply.</summary>
    public override string ToString()
    {
        if (IsNone)
        {
            return string.Empty;
        }

        var text = new StringBuilder();
        AppendPrintable(text, Octets[..3]);
        string separator = " ";
        foreach (ReadOnlySpan<byte> line in Lines)
        {
            if (!line.IsEmpty)
            {
                text.Append(separator);
                AppendPrintable(text, line);
                separator = " / ";
            }
        }

        return text.ToString();
    }

    /// <summary>Whether both have the same octets.</summary>
    public static bool operator ==(ReceivedReply left, ReceivedReply right) => left.Equals(right);

    /// <summary>Whether they differ.</summary>
    public static bool operator !=(ReceivedReply left, ReceivedReply right) => !left.Equals(right);

    internal static int ParseCode(ReadOnlySpan<byte> line) => ((line[0] - '0') * 100) + ((line[1] - '0') * 10) + (line[2] - '0');

    private static void AppendPrintable(StringBuilder text, ReadOnlySpan<byte> octets)
    {
        foreach (char c in Encoding.UTF8.GetString(octets))
        {
            text.Append(char.IsControl(c) || c is '\u2028' or '\u2029' ? '?' : c);
        }
    }
}
