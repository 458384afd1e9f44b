using System.Buffers;
using System.Globalization;
using System.Text;

namespace Smtp.Core;

/// <summary>A reply as it goes over the wire (RFC 5321 §4.2), with all its lines and their CRLFs.</summary>
/// <remarks>
/// <para>
/// <c>default</c> is no reply. From a check (client, HELO, MAIL, RCPT, DATA) it means "no objection", and the engine says its own words. It
/// commits nothing: a message is only answered 250 where a sink has said a positive reply itself, such as <see cref="Replies.MessageAccepted"/>.
/// A sink that forgot to is answered for with 451, so that the client keeps the message.
/// </para>
/// <para>Creating a reply costs an allocation: keep fixed ones in static fields.</para>
/// </remarks>
public readonly struct SmtpReply : IEquatable<SmtpReply>
{
    /// <summary>The longest reply line with its CRLF (RFC 5321 §4.5.3.1.5).</summary>
    public const int MaximumLineLength = 512;

    // Bounds what a policy's text can make of one reply.
    private const int MaximumLines = 64;

    private readonly byte[]? _wire;

    /// <summary>Takes a literal of the catalogue, which is known to be well-formed.</summary>
    internal SmtpReply(ReadOnlySpan<byte> wire) => _wire = wire.ToArray();

    private SmtpReply(byte[] wire) => _wire = wire;

    /// <summary>Whether this is no reply (<c>default</c>).</summary>
    public bool IsNone => _wire is null;

    /// <summary>The whole reply, CRLFs included; empty for <c>default</c>.</summary>
    public ReadOnlySpan<byte> Wire => _wire;

    /// <summary>The reply code, 200 to 599; 0 for <c>default</c>.</summary>
    public int Code => _wire is { } wire ? ((wire[0] - '0') * 100) + ((wire[1] - '0') * 10) + (wire[2] - '0') : 0;

    /// <summary>The class that the first digit gives.</summary>
    public ReplyClass Class => _wire is { } wire ? (ReplyClass)(wire[0] - '0') : ReplyClass.None;

    /// <summary>Whether the reply is no refusal: 2yz, 3yz or <c>default</c>. See <see cref="IsNone"/> where something must have been said.</summary>
    public bool IsPositive => Class <= ReplyClass.Intermediate;

    /// <summary>The enhanced status that the text starts with, if any.</summary>
    public EnhancedStatus Status =>
        _wire is { } wire && EnhancedStatus.TryParse(wire.AsSpan(4, wire.AsSpan().IndexOf("\r\n"u8) - 4), out EnhancedStatus status, out _)
            ? status
            : EnhancedStatus.None;

    /// <summary>Makes a reply.</summary>
    /// <param name="code">200 to 599, the second digit 0 to 5 (RFC 5321 §4.2.1).</param>
    /// <param name="status">
    /// The enhanced status, put in front of each line (RFC 2034 §4); its class must be the code's first digit.
    /// <see cref="EnhancedStatus.None"/> for replies that have none.
    /// </param>
    /// <param name="text">
    /// The text. Line breaks make a multi-line reply; lines over 512 octets are wrapped; what is beyond 64 lines is dropped. Whatever is
    /// not printable US-ASCII becomes a question mark, so that text taken from a peer cannot break the reply.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException">The code is none, or the status is none that goes with it.</exception>
    public static SmtpReply Create(int code, EnhancedStatus status, string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (code is < 200 or > 599 || code / 10 % 10 > 5)
        {
            throw new ArgumentOutOfRangeException(nameof(code), code, "A reply code is 200 to 599 and its second digit 0 to 5.");
        }

        // RFC 2034 §4: 3yz replies carry no status.
        bool statusFits = status.Class == code / 100 && status.Class is 2 or 4 or 5 && status.Subject <= 999 && status.Detail <= 999;
        if (!status.IsNone && !statusFits)
        {
            throw new ArgumentOutOfRangeException(
                nameof(status), status, $"The status must be of class {code / 100}, as the code is {code}, with numbers up to 999; 3yz replies have none.");
        }

        string prefix = status.IsNone ? string.Empty : status + " ";
        int room = MaximumLineLength - "250-\r\n".Length - prefix.Length;
        var lines = new List<string>();
        foreach (ReadOnlySpan<char> line in text.AsSpan().EnumerateLines())
        {
            ReadOnlySpan<char> rest = line;
            do
            {
                ReadOnlySpan<char> piece = rest[..Math.Min(rest.Length, room)];
                lines.Add(piece.ToString());
                rest = rest[piece.Length..];
            }
            while (!rest.IsEmpty && lines.Count < MaximumLines);

            if (lines.Count >= MaximumLines)
            {
                break;
            }
        }

        var wire = new StringBuilder();
        for (int i = 0; i < lines.Count; i++)
        {
            wire.Append(CultureInfo.InvariantCulture, $"{code}{(i == lines.Count - 1 ? ' ' : '-')}{prefix}");
            foreach (char c in lines[i])
            {
                wire.Append(c is >= ' ' and <= '~' ? c : '?');
            }

            wire.Append("\r\n");
        }

        return new SmtpReply(Encoding.ASCII.GetBytes(wire.ToString()));
    }

    /// <inheritdoc cref="Create(int, EnhancedStatus, string)"/>
    public static SmtpReply Create(int code, string text) => Create(code, EnhancedStatus.None, text);

    /// <summary>Writes the reply.</summary>
    public void WriteTo(IBufferWriter<byte> output)
    {
        ArgumentNullException.ThrowIfNull(output);
        output.Write(_wire);
    }

    /// <inheritdoc/>
    public bool Equals(SmtpReply other) => Wire.SequenceEqual(other.Wire);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is SmtpReply other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = default(HashCode);
        hash.AddBytes(Wire);
        return hash.ToHashCode();
    }

    /// <summary>The reply's lines without the last CRLF.</summary>
    public override string ToString() => Encoding.ASCII.GetString(Wire).TrimEnd();

    /// <summary>Whether both are the same octets.</summary>
    public static bool operator ==(SmtpReply left, SmtpReply right) => left.Equals(right);

    /// <summary>Whether they differ.</summary>
    public static bool operator !=(SmtpReply left, SmtpReply right) => !left.Equals(right);
}
