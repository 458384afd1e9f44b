using System.Buffers.Text;
using System.Text;

namespace Smtp.Core;

/// <summary>
/// The argument of RCPT: <c>"TO:" Forward-path [SP Rcpt-parameters]</c> (RFC 5321 §4.1.1.3), with NOTIFY and ORCPT (RFC 3461).
/// Valid as long as the line.
/// </summary>
internal readonly ref struct RcptArguments
{
    /// <summary>The longest ORCPT in octets (RFC 3461 §4.2).</summary>
    public const int MaximumOriginalRecipientLength = 500;

    /// <summary>The mailbox without brackets.</summary>
    public ReadOnlySpan<byte> Mailbox { get; private init; }

    /// <summary>The length of its local part.</summary>
    public int LocalPartLength { get; private init; }

    /// <summary>NOTIFY.</summary>
    public DsnNotify Notify { get; private init; }

    /// <summary>ORCPT as written: <c>addr-type ";" xtext</c>; empty if not given.</summary>
    public ReadOnlySpan<byte> OriginalRecipient { get; private init; }

    /// <summary>Parses the argument.</summary>
    /// <param name="argument">What stands behind the verb.</param>
    /// <param name="offered">The extensions whose parameters are allowed.</param>
    /// <param name="smtpUtf8">Whether the transaction's MAIL had SMTPUTF8.</param>
    /// <param name="leniency">Leniencies for the path; what it may hold otherwise is decided here.</param>
    /// <param name="arguments">The result.</param>
    /// <returns><c>default</c> if all is well, else the reply to give.</returns>
    public static SmtpReply TryParse(
        ReadOnlySpan<byte> argument, SmtpExtensions offered, bool smtpUtf8, PathOptions leniency, out RcptArguments arguments)
    {
        arguments = default;
        PathOptions options = leniency | PathOptions.AllowPostmaster;
        if ((offered & SmtpExtensions.SmtpUtf8) != 0)
        {
            options |= PathOptions.AllowUtf8;
        }

        if (argument.Length < 3 || !Ascii.EqualsIgnoreCase(argument[..3], "TO:"u8) || !PathSyntax.TryParsePath(argument[3..], options, out ParsedPath path))
        {
            return Replies.BadRecipientSyntax;
        }

        DsnNotify notify = DsnNotify.Unspecified;
        ReadOnlySpan<byte> originalRecipient = default;
        ReadOnlySpan<byte> rest = argument[(3 + path.Consumed)..];
        if (!rest.IsEmpty)
        {
            bool dsn = (offered & SmtpExtensions.Dsn) != 0;
            var parameters = new ParameterReader(rest);
            while (parameters.MoveNext())
            {
                bool valid;
                if (dsn && Ascii.EqualsIgnoreCase(parameters.Keyword, "NOTIFY"u8))
                {
                    valid = notify == DsnNotify.Unspecified && TryParseNotify(parameters.Value, out notify);
                }
                else if (dsn && Ascii.EqualsIgnoreCase(parameters.Keyword, "ORCPT"u8))
                {
                    valid = originalRecipient.IsEmpty && IsOriginalRecipient(parameters.Value, smtpUtf8);
                    originalRecipient = parameters.Value;
                }
                else
                {
                    return Replies.UnknownParameter;
                }

                if (!valid)
                {
                    return Replies.BadArguments;
                }
            }

            if (parameters.IsMalformed)
            {
                return Replies.BadArguments;
            }
        }

        if (path.HasUtf8 && !smtpUtf8)
        {
            return Replies.NeedsSmtpUtf8;
        }

        arguments = new RcptArguments
        {
            Mailbox = argument.Slice(3 + path.Start, path.Length),
            LocalPartLength = path.LocalPartLength,
            Notify = notify,
            OriginalRecipient = originalRecipient,
        };
        return default;
    }

    /// <summary><c>notify-esmtp-value = "NEVER" / 1#("SUCCESS" / "FAILURE" / "DELAY")</c> (RFC 3461 §4.1)</summary>
    private static bool TryParseNotify(ReadOnlySpan<byte> value, out DsnNotify notify)
    {
        notify = DsnNotify.Unspecified;
        if (Ascii.EqualsIgnoreCase(value, "NEVER"u8))
        {
            notify = DsnNotify.Never;
            return true;
        }

        while (true)
        {
            int comma = value.IndexOf((byte)',');
            ReadOnlySpan<byte> item = comma < 0 ? value : value[..comma];
            if (Ascii.EqualsIgnoreCase(item, "SUCCESS"u8))
            {
                notify |= DsnNotify.Success;
            }
            else if (Ascii.EqualsIgnoreCase(item, "FAILURE"u8))
            {
                notify |= DsnNotify.Failure;
            }
            else if (Ascii.EqualsIgnoreCase(item, "DELAY"u8))
            {
                notify |= DsnNotify.Delay;
            }
            else
            {
                return false;
            }

            if (comma < 0)
            {
                return true;
            }

            value = value[(comma + 1)..];
        }
    }

    /// <summary>
    /// <c>original-recipient-address = addr-type ";" xtext</c> (RFC 3461 §4.2); with type utf-8 under SMTPUTF8 also
    /// <c>utf-8-addr-unitext</c> (RFC 6533 §3).
    /// </summary>
    private static bool IsOriginalRecipient(ReadOnlySpan<byte> value, bool smtpUtf8)
    {
        int semicolon = value.IndexOf((byte)';');
        if (value.Length > MaximumOriginalRecipientLength || semicolon <= 0 || semicolon == value.Length - 1)
        {
            return false;
        }

        foreach (byte octet in value[..semicolon])
        {
            if (!char.IsAsciiLetterOrDigit((char)octet) && octet != '-')
            {
                return false;
            }
        }

        ReadOnlySpan<byte> address = value[(semicolon + 1)..];
        return Xtext.IsPrintable(address)
            || (smtpUtf8 && Ascii.EqualsIgnoreCase(value[..semicolon], "utf-8"u8) && IsUnitext(address));
    }

    /// <summary>
    /// <c>utf-8-addr-unitext = 1*(QUCHAR / EmbeddedUnicodeChar)</c>: UTF-8 without "+" and "=", a backslash only in <c>\x{HEX}</c>, which
    /// stands for no control.
    /// </summary>
    private static bool IsUnitext(ReadOnlySpan<byte> text)
    {
        if (text.ContainsAny((byte)'+', (byte)'=') || !PathSyntax.IsSafeUtf8(text))
        {
            return false;
        }

        int backslash;
        while ((backslash = text.IndexOf((byte)'\\')) >= 0)
        {
            text = text[(backslash + 1)..];
            int close = text.IndexOf((byte)'}');
            if (close is < 4 or > 8
                || !text.StartsWith("x{"u8)
                || !Utf8Parser.TryParse(text[2..close], out uint point, out int digits, 'X')
                || digits != close - 2
                || !Rune.IsValid(point)
                || Rune.IsControl(new Rune(point)))
            {
                return false;
            }

            text = text[(close + 1)..];
        }

        return true;
    }
}
