using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Unicode;

namespace Smtp.Core;

/// <summary>A reverse-path or forward-path (RFC 5321 §4.1.2) without its angle brackets; <c>default</c> is the null path <c>&lt;&gt;</c>.</summary>
/// <remarks>
/// A view of UTF-8 octets. One that comes from an <see cref="Envelope"/> is valid as long as that envelope's transaction; use
/// <see cref="ToOwned"/> or <see cref="ToString"/> to keep it.
/// </remarks>
public readonly struct SmtpPath : IEquatable<SmtpPath>
{
    private readonly ReadOnlyMemory<byte> _octets;
    private readonly int _localPartLength;

    internal SmtpPath(ReadOnlyMemory<byte> octets, int localPartLength)
    {
        _octets = octets;
        _localPartLength = localPartLength;
    }

    /// <summary>The null path <c>&lt;&gt;</c>, the reverse-path of notifications (RFC 5321 §4.5.5).</summary>
    public static SmtpPath Null => default;

    /// <summary>Whether this is the null path.</summary>
    public bool IsNull => _octets.IsEmpty;

    /// <summary>The mailbox in UTF-8: <c>local-part@domain</c>, or <c>Postmaster</c>.</summary>
    public ReadOnlySpan<byte> Octets => _octets.Span;

    /// <inheritdoc cref="Octets"/>
    public ReadOnlyMemory<byte> Memory => _octets;

    /// <summary>The local part as it was written, quotes included.</summary>
    public ReadOnlySpan<byte> LocalPart => _octets.Span[.._localPartLength];

    /// <summary>The domain or address literal; empty for the null path and for <c>Postmaster</c>.</summary>
    public ReadOnlySpan<byte> Domain => _octets.Length > _localPartLength ? _octets.Span[(_localPartLength + 1)..] : default;

    /// <summary>Whether the path can only be sent with SMTPUTF8 (RFC 6531).</summary>
    public bool RequiresSmtpUtf8 => !Ascii.IsValid(_octets.Span);

    /// <summary>Parses a mailbox such as <c>user@example.com</c>, with or without angle brackets; an empty text or <c>&lt;&gt;</c> is the null path.</summary>
    /// <exception cref="FormatException">The text is no mailbox of RFC 5321 §4.1.2 or RFC 6531 §3.3.</exception>
    public static SmtpPath Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return TryParse(text, out SmtpPath path) ? path : throw new FormatException($"'{Printable(text)}' is not a mailbox (local-part@domain, RFC 5321 section 4.1.2).");
    }

    /// <inheritdoc cref="Parse(string)"/>
    /// <param name="text">The text.</param>
    /// <param name="path">The path, or the null path.</param>
    /// <returns>Whether the text is one.</returns>
    public static bool TryParse([NotNullWhen(true)] string? text, out SmtpPath path)
    {
        path = default;
        if (text is null)
        {
            return false;
        }

        if (text.Length is 0 || text is "<>")
        {
            return true;
        }

        if (text.Length > PathSyntax.MaximumPathLength)
        {
            return false;
        }

        // A lone surrogate has no UTF-8: what the lax encoder would put in its place is another address.
        Span<byte> octets = stackalloc byte[PathSyntax.MaximumPathLength * 3];
        if (Utf8.FromUtf16(text, octets, out _, out int written, replaceInvalidSequences: false) != OperationStatus.Done)
        {
            return false;
        }

        octets = octets[..written];
        const PathOptions Options = PathOptions.AllowUtf8 | PathOptions.AllowPostmaster | PathOptions.AllowMissingBrackets;
        if (!PathSyntax.TryParsePath(octets, Options, out ParsedPath parsed) || parsed.Consumed != written)
        {
            return false;
        }

        path = new SmtpPath(octets.Slice(parsed.Start, parsed.Length).ToArray(), parsed.LocalPartLength);
        return true;
    }

    /// <summary>
    /// Whether the mailbox is one of this domain itself, not of one below it. Case does not count (RFC 5321 §2.4); the A-label and the U-label of a domain are not
    /// the same here.
    /// </summary>
    /// <param name="domain">A domain such as <c>example.com</c>.</param>
    public bool IsIn(string domain)
    {
        ArgumentException.ThrowIfNullOrEmpty(domain);
        return Ascii.IsValid(domain) ? Ascii.EqualsIgnoreCase(Domain, domain) : Encoding.UTF8.GetString(Domain).Equals(domain, StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>A copy that owns its octets.</summary>
    public SmtpPath ToOwned() => IsNull ? default : new SmtpPath(_octets.ToArray(), _localPartLength);

    /// <summary>Same octets; domains differing in case are different here.</summary>
    public bool Equals(SmtpPath other) => Octets.SequenceEqual(other.Octets);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is SmtpPath other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = default(HashCode);
        hash.AddBytes(Octets);
        return hash.ToHashCode();
    }

    /// <summary>The mailbox as text, without brackets; empty for the null path.</summary>
    public override string ToString() => Encoding.UTF8.GetString(Octets);

    /// <summary>Whether both have the same octets.</summary>
    public static bool operator ==(SmtpPath left, SmtpPath right) => left.Equals(right);

    /// <summary>Whether they differ.</summary>
    public static bool operator !=(SmtpPath left, SmtpPath right) => !left.Equals(right);

    private static string Printable(string text)
    {
        string shown = text.Length > 80 ? text[..80] + "..." : text;
        return string.Concat(shown.Select(c => char.IsControl(c) ? '?' : c));
    }
}
