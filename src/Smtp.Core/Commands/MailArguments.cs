using System.Text;

namespace Smtp.Core;

/// <summary>
/// The argument of MAIL: <c>"FROM:" Reverse-path [SP Mail-parameters]</c> (RFC 5321 §4.1.1.2), with SIZE (RFC 1870), BODY (RFC 6152,
/// RFC 3030), AUTH (RFC 4954 §5), SMTPUTF8 (RFC 6531), RET and ENVID (RFC 3461), REQUIRETLS (RFC 8689). Valid as long as the line.
/// </summary>
internal readonly ref struct MailArguments
{
    /// <summary>The longest ENVID in octets (RFC 3461 §4.4).</summary>
    public const int MaximumEnvelopeIdLength = 100;

    private const int MaximumSubmitterLength = 500;

    /// <summary>The mailbox without brackets; empty for the null reverse-path.</summary>
    public ReadOnlySpan<byte> Mailbox { get; private init; }

    /// <summary>The length of its local part.</summary>
    public int LocalPartLength { get; private init; }

    /// <summary>SIZE in octets, or -1. A number over 2^63-1 counts as 2^63-1.</summary>
    public long Size { get; private init; }

    /// <summary>BODY.</summary>
    public BodyType Body { get; private init; }

    /// <summary>Whether SMTPUTF8 was given.</summary>
    public bool SmtpUtf8 { get; private init; }

    /// <summary>Whether REQUIRETLS was given.</summary>
    public bool RequireTls { get; private init; }

    /// <summary>RET.</summary>
    public DsnReturn Return { get; private init; }

    /// <summary>ENVID in xtext; empty if not given.</summary>
    public ReadOnlySpan<byte> EnvelopeId { get; private init; }

    /// <summary>AUTH in xtext, or <c>&lt;&gt;</c>; empty if not given.</summary>
    public ReadOnlySpan<byte> Submitter { get; private init; }

    /// <summary>Parses the argument.</summary>
    /// <param name="argument">What stands behind the verb.</param>
    /// <param name="offered">The extensions whose parameters are allowed.</param>
    /// <param name="leniency">Leniencies for the path; what it may hold otherwise is decided here.</param>
    /// <param name="arguments">The result.</param>
    /// <returns><c>default</c> if all is well, else the reply to give.</returns>
    public static SmtpReply TryParse(ReadOnlySpan<byte> argument, SmtpExtensions offered, PathOptions leniency, out MailArguments arguments)
    {
        arguments = default;
        PathOptions options = leniency | PathOptions.AllowNull;
        if ((offered & SmtpExtensions.SmtpUtf8) != 0)
        {
            options |= PathOptions.AllowUtf8;
        }

        if (argument.Length < 5 || !Ascii.EqualsIgnoreCase(argument[..5], "FROM:"u8) || !PathSyntax.TryParsePath(argument[5..], options, out ParsedPath path))
        {
            return Replies.BadSenderSyntax;
        }

        long size = -1;
        BodyType? body = null;
        DsnReturn ret = DsnReturn.Unspecified;
        bool smtpUtf8 = false;
        bool requireTls = false;
        ReadOnlySpan<byte> envelopeId = default;
        ReadOnlySpan<byte> submitter = default;
        ReadOnlySpan<byte> rest = argument[(5 + path.Consumed)..];
        if (!rest.IsEmpty)
        {
            var parameters = new ParameterReader(rest);
            while (parameters.MoveNext())
            {
                ReadOnlySpan<byte> keyword = parameters.Keyword;
                ReadOnlySpan<byte> value = parameters.Value;
                bool valid;
                if (Is(keyword, "SIZE"u8, offered, SmtpExtensions.Size))
                {
                    valid = size < 0 && TryParseSize(value, out size);
                }
                else if (Is(keyword, "BODY"u8, offered, SmtpExtensions.EightBitMime))
                {
                    valid = body is null && TryParseBody(value, offered, out body);
                }
                else if (Is(keyword, "SMTPUTF8"u8, offered, SmtpExtensions.SmtpUtf8))
                {
                    valid = !smtpUtf8 && !parameters.HasValue;
                    smtpUtf8 = true;
                }
                else if (Is(keyword, "RET"u8, offered, SmtpExtensions.Dsn))
                {
                    valid = ret == DsnReturn.Unspecified && TryParseReturn(value, out ret);
                }
                else if (Is(keyword, "ENVID"u8, offered, SmtpExtensions.Dsn))
                {
                    valid = envelopeId.IsEmpty && value.Length is > 0 and <= MaximumEnvelopeIdLength && Xtext.IsPrintable(value);
                    envelopeId = value;
                }
                else if (Is(keyword, "AUTH"u8, offered, SmtpExtensions.Auth))
                {
                    valid = submitter.IsEmpty
                        && value.Length is > 0 and <= MaximumSubmitterLength
                        && (value.SequenceEqual("<>"u8) || Xtext.IsValid(value));
                    submitter = value;
                }
                else if (Is(keyword, "REQUIRETLS"u8, offered, SmtpExtensions.RequireTls))
                {
                    valid = !requireTls && !parameters.HasValue;
                    requireTls = true;
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

        // RFC 6531 §3.4: a UTF-8 address comes only with the parameter.
        if (path.HasUtf8 && !smtpUtf8)
        {
            return Replies.NeedsSmtpUtf8;
        }

        arguments = new MailArguments
        {
            Mailbox = argument.Slice(5 + path.Start, path.Length),
            LocalPartLength = path.LocalPartLength,
            Size = size,
            Body = body ?? BodyType.SevenBit,
            SmtpUtf8 = smtpUtf8,
            RequireTls = requireTls,
            Return = ret,
            EnvelopeId = envelopeId,
            Submitter = submitter,
        };
        return default;
    }

    private static bool Is(ReadOnlySpan<byte> keyword, ReadOnlySpan<byte> name, SmtpExtensions offered, SmtpExtensions needed) =>
        (offered & needed) != 0 && Ascii.EqualsIgnoreCase(keyword, name);

    /// <summary><c>size-value = 1*20DIGIT</c> (RFC 1870 §3); saturates, as a wrapped number would pass a limit.</summary>
    private static bool TryParseSize(ReadOnlySpan<byte> value, out long size)
    {
        size = 0;
        if (value.Length is 0 or > 20)
        {
            return false;
        }

        foreach (byte octet in value)
        {
            if (!char.IsAsciiDigit((char)octet))
            {
                return false;
            }

            int digit = octet - '0';
            size = size > (long.MaxValue - digit) / 10 ? long.MaxValue : (size * 10) + digit;
        }

        return true;
    }

    private static bool TryParseBody(ReadOnlySpan<byte> value, SmtpExtensions offered, out BodyType? body)
    {
        body = Ascii.EqualsIgnoreCase(value, "8BITMIME"u8) ? BodyType.EightBitMime
            : Ascii.EqualsIgnoreCase(value, "7BIT"u8) ? BodyType.SevenBit
            : Ascii.EqualsIgnoreCase(value, "BINARYMIME"u8) && (offered & SmtpExtensions.BinaryMime) != 0 ? BodyType.BinaryMime
            : null;
        return body is not null;
    }

    private static bool TryParseReturn(ReadOnlySpan<byte> value, out DsnReturn ret)
    {
        ret = Ascii.EqualsIgnoreCase(value, "FULL"u8) ? DsnReturn.Full
            : Ascii.EqualsIgnoreCase(value, "HDRS"u8) ? DsnReturn.Headers
            : DsnReturn.Unspecified;
        return ret != DsnReturn.Unspecified;
    }
}
