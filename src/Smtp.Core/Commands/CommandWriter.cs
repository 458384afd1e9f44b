using System.Buffers;
using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Smtp.Core;

/// <summary>
/// The one place that writes a client's commands (RFC 5321 §4.1). Every argument is held to its grammar before the first octet is
/// written: a CR, LF, NUL or other control, or a space where a second argument would begin, is an <see cref="ArgumentException"/>.
/// Each method returns the octets written.
/// </summary>
internal static class CommandWriter
{
    /// <summary>The longest command line without a server's leave to exceed it, CRLF included (RFC 5321 §4.5.3.1.4).</summary>
    public const int MaximumLineLength = 512;

    private const int MaximumSubmitterLength = 500;
    private const int MaximumNumberLength = 20;

    /// <summary>RFC 5321 §4.1.1.1: <c>"EHLO" SP ( Domain / address-literal ) CRLF</c></summary>
    public static int WriteEhlo(IBufferWriter<byte> output, ReadOnlySpan<byte> name) => WriteHello(output, "EHLO "u8, name);

    /// <summary>RFC 5321 §4.1.1.1: <c>"HELO" SP Domain CRLF</c></summary>
    public static int WriteHelo(IBufferWriter<byte> output, ReadOnlySpan<byte> name) => WriteHello(output, "HELO "u8, name);

    /// <summary>RFC 2033 §4.1: <c>"LHLO" SP ( Domain / address-literal ) CRLF</c></summary>
    public static int WriteLhlo(IBufferWriter<byte> output, ReadOnlySpan<byte> name) => WriteHello(output, "LHLO "u8, name);

    /// <summary>RFC 5321 §4.1.1.2: <c>"MAIL FROM:" Reverse-path [SP Mail-parameters] CRLF</c></summary>
    public static int WriteMail(IBufferWriter<byte> output, in MailParameters parameters)
    {
        ReadOnlySpan<byte> path = parameters.ReversePath.Octets;
        ReadOnlySpan<byte> envelopeId = parameters.EnvelopeId.Span;
        ReadOnlySpan<byte> submitter = parameters.Submitter.Span;
        DemandPath(path, nameof(parameters));
        DemandEnvelopeId(envelopeId, nameof(parameters));
        DemandSubmitter(submitter, nameof(parameters));

        // The fixed words of all parameters together have fewer than 100 octets.
        var line = new Line(output, path.Length + envelopeId.Length + submitter.Length + MaximumNumberLength + 128);
        line.Append("MAIL FROM:<"u8);
        line.Append(path);
        line.Append(">"u8);
        if (parameters.Size >= 0)
        {
            line.Append(" SIZE="u8);
            line.Append(parameters.Size);
        }

        line.Append(parameters.Body switch
        {
            BodyType.SevenBit => " BODY=7BIT"u8,
            BodyType.EightBitMime => " BODY=8BITMIME"u8,
            BodyType.BinaryMime => " BODY=BINARYMIME"u8,
            _ => default,
        });
        line.Append(parameters.SmtpUtf8 ? " SMTPUTF8"u8 : default);
        line.Append(parameters.RequireTls ? " REQUIRETLS"u8 : default);
        line.Append(parameters.Return switch
        {
            DsnReturn.Full => " RET=FULL"u8,
            DsnReturn.Headers => " RET=HDRS"u8,
            _ => default,
        });
        line.AppendParameter(" ENVID="u8, envelopeId);
        line.AppendParameter(" AUTH="u8, submitter);
        return line.End();
    }

    /// <summary>RFC 5321 §4.1.1.3: <c>"RCPT TO:" Forward-path [SP Rcpt-parameters] CRLF</c></summary>
    /// <param name="output">Where it goes.</param>
    /// <param name="path">The forward-path, not null.</param>
    /// <param name="notify">NOTIFY (RFC 3461 §4.1).</param>
    /// <param name="originalRecipient">ORCPT as it stands on the wire, <c>addr-type ";" xtext</c> (RFC 3461 §4.2); empty for none.</param>
    public static int WriteRcpt(
        IBufferWriter<byte> output, SmtpPath path, DsnNotify notify = DsnNotify.Unspecified, ReadOnlySpan<byte> originalRecipient = default)
    {
        if (path.IsNull)
        {
            Throw("A forward-path cannot be null.", nameof(path));
        }

        DemandPath(path.Octets, nameof(path));
        DemandNotify(notify, nameof(notify));
        DemandOriginalRecipient(originalRecipient, nameof(originalRecipient));

        var line = new Line(output, path.Octets.Length + originalRecipient.Length + 80);
        line.Append("RCPT TO:<"u8);
        line.Append(path.Octets);
        line.Append(">"u8);
        if (notify == DsnNotify.Never)
        {
            line.Append(" NOTIFY=NEVER"u8);
        }
        else if (notify != DsnNotify.Unspecified)
        {
            ReadOnlySpan<byte> prefix = " NOTIFY="u8;
            line.AppendItem((notify & DsnNotify.Success) != 0, "SUCCESS"u8, ref prefix);
            line.AppendItem((notify & DsnNotify.Failure) != 0, "FAILURE"u8, ref prefix);
            line.AppendItem((notify & DsnNotify.Delay) != 0, "DELAY"u8, ref prefix);
        }

        line.AppendParameter(" ORCPT="u8, originalRecipient);
        return line.End();
    }

    /// <summary>RFC 5321 §4.1.1.4: <c>"DATA" CRLF</c></summary>
    public static int WriteData(IBufferWriter<byte> output) => Write(output, "DATA\r\n"u8);

    /// <summary>RFC 3030 §2: <c>"BDAT" SP chunk-size [SP "LAST"] CRLF</c>; the chunk's octets follow at once.</summary>
    public static int WriteBdat(IBufferWriter<byte> output, long size, bool last)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(size);
        var line = new Line(output, MaximumNumberLength + 16);
        line.Append("BDAT "u8);
        line.Append(size);
        line.Append(last ? " LAST"u8 : default);
        return line.End();
    }

    /// <summary>RFC 5321 §4.1.1.5: <c>"RSET" CRLF</c></summary>
    public static int WriteRset(IBufferWriter<byte> output) => Write(output, "RSET\r\n"u8);

    /// <summary>RFC 5321 §4.1.1.9: <c>"NOOP" [ SP String ] CRLF</c></summary>
    public static int WriteNoop(IBufferWriter<byte> output) => Write(output, "NOOP\r\n"u8);

    /// <summary>RFC 5321 §4.1.1.10: <c>"QUIT" CRLF</c></summary>
    public static int WriteQuit(IBufferWriter<byte> output) => Write(output, "QUIT\r\n"u8);

    /// <summary>RFC 3207 §4: <c>"STARTTLS" CRLF</c></summary>
    public static int WriteStartTls(IBufferWriter<byte> output) => Write(output, "STARTTLS\r\n"u8);

    /// <summary>RFC 4954 §4: <c>"AUTH" SP sasl-mech CRLF</c></summary>
    public static int WriteAuth(IBufferWriter<byte> output, ReadOnlySpan<byte> mechanism)
    {
        DemandMechanism(mechanism);
        var line = new Line(output, mechanism.Length + 16);
        line.Append("AUTH "u8);
        line.Append(mechanism);
        return line.End();
    }

    /// <summary>RFC 4954 §4: <c>"AUTH" SP sasl-mech SP ( base64 / "=" ) CRLF</c></summary>
    /// <param name="output">Where it goes.</param>
    /// <param name="mechanism">The mechanism's name.</param>
    /// <param name="initialResponse">The initial response, not yet encoded; an empty one is written as <c>=</c>.</param>
    public static int WriteAuth(IBufferWriter<byte> output, ReadOnlySpan<byte> mechanism, ReadOnlySpan<byte> initialResponse)
    {
        DemandMechanism(mechanism);
        var line = new Line(output, AuthLength(mechanism, initialResponse.Length));
        line.Append("AUTH "u8);
        line.Append(mechanism);
        line.Append(initialResponse.IsEmpty ? " ="u8 : " "u8);
        line.AppendBase64(initialResponse);
        return line.End();
    }

    /// <summary>RFC 4954 §4: <c>continue-response = base64 CRLF</c></summary>
    /// <param name="output">Where it goes.</param>
    /// <param name="response">The response, not yet encoded; empty for an empty line.</param>
    public static int WriteSaslResponse(IBufferWriter<byte> output, ReadOnlySpan<byte> response)
    {
        var line = new Line(output, Base64.GetMaxEncodedToUtf8Length(response.Length) + 2);
        line.AppendBase64(response);
        return line.End();
    }

    /// <summary>RFC 4954 §4: <c>cancel-response = "*" CRLF</c></summary>
    public static int WriteSaslCancel(IBufferWriter<byte> output) => Write(output, "*\r\n"u8);

    /// <summary>An upper bound of what <see cref="WriteAuth(IBufferWriter{byte}, ReadOnlySpan{byte}, ReadOnlySpan{byte})"/> writes.</summary>
    internal static int AuthLength(ReadOnlySpan<byte> mechanism, int initialResponseLength) =>
        "AUTH  =\r\n"u8.Length + mechanism.Length + Base64.GetMaxEncodedToUtf8Length(initialResponseLength);

    /// <summary><c>envid-parameter = "ENVID=" xtext</c></summary>
    internal static void DemandEnvelopeId(ReadOnlySpan<byte> envelopeId, string name)
    {
        if (envelopeId.Length > MailArguments.MaximumEnvelopeIdLength || !Xtext.IsValid(envelopeId))
        {
            Throw("ENVID is not xtext of at most 100 octets (RFC 3461 section 4.4).", name);
        }
    }

    /// <summary><c>"AUTH=" ( xtext / "&lt;&gt;" )</c></summary>
    internal static void DemandSubmitter(ReadOnlySpan<byte> submitter, string name)
    {
        if (submitter.Length > MaximumSubmitterLength || !(submitter.SequenceEqual("<>"u8) || Xtext.IsValid(submitter)))
        {
            Throw("AUTH is neither xtext of at most 500 octets nor <> (RFC 4954 section 5).", name);
        }
    }

    /// <summary><c>"NEVER" / 1#("SUCCESS" / "FAILURE" / "DELAY")</c></summary>
    internal static void DemandNotify(DsnNotify notify, string name)
    {
        if ((notify & DsnNotify.Never) != 0 && notify != DsnNotify.Never)
        {
            Throw("NEVER stands alone (RFC 3461 section 4.1).", name);
        }
    }

    /// <summary><c>addr-type ";" xtext</c>, or UTF-8 in the place of xtext (RFC 6533 §3)</summary>
    internal static void DemandOriginalRecipient(ReadOnlySpan<byte> originalRecipient, string name)
    {
        if (originalRecipient.Length > RcptArguments.MaximumOriginalRecipientLength
            || originalRecipient.ContainsAnyInRange((byte)0, (byte)' ')
            || originalRecipient.ContainsAny((byte)'=', (byte)127)
            || (!originalRecipient.IsEmpty && originalRecipient.IndexOf((byte)';') <= 0))
        {
            Throw("ORCPT is not addr-type \";\" xtext of at most 500 octets (RFC 3461 section 4.2).", name);
        }
    }

    private static int WriteHello(IBufferWriter<byte> output, ReadOnlySpan<byte> verb, ReadOnlySpan<byte> name)
    {
        if (!PathSyntax.IsHelloName(name))
        {
            Throw("Not a domain or an address literal (RFC 5321 section 4.1.1.1).", nameof(name));
        }

        var line = new Line(output, verb.Length + name.Length + 2);
        line.Append(verb);
        line.Append(name);
        return line.End();
    }

    private static int Write(IBufferWriter<byte> output, ReadOnlySpan<byte> line)
    {
        ArgumentNullException.ThrowIfNull(output);
        output.Write(line);
        return line.Length;
    }

    // A path is made by the parser, which knows the grammar. It is a view of memory that others may have changed since, so that it is
    // checked again here for what could end the command.
    private static void DemandPath(ReadOnlySpan<byte> path, string name)
    {
        const PathOptions Options = PathOptions.AllowUtf8 | PathOptions.AllowPostmaster;
        if (!path.IsEmpty && !PathSyntax.TryParseMailbox(path, Options, out _))
        {
            Throw("Not a mailbox (RFC 5321 section 4.1.2).", name);
        }
    }

    /// <summary><c>sasl-mech = 1*20mech-char</c>, upper-case letters, digits, hyphen and underscore (RFC 4422 §3.1)</summary>
    private static void DemandMechanism(ReadOnlySpan<byte> mechanism)
    {
        bool valid = mechanism.Length is > 0 and <= 20;
        foreach (byte octet in mechanism)
        {
            valid &= char.IsAsciiLetterUpper((char)octet) || char.IsAsciiDigit((char)octet) || octet is (byte)'-' or (byte)'_';
        }

        if (!valid)
        {
            Throw("Not the name of a SASL mechanism (RFC 4422 section 3.1).", nameof(mechanism));
        }
    }

    [DoesNotReturn]
    private static void Throw(string message, string name) => throw new ArgumentException(message, name);

    /// <summary>One command line on its way into the output's memory.</summary>
    private ref struct Line
    {
        private readonly IBufferWriter<byte> _output;
        private readonly Span<byte> _span;
        private int _length;

        internal Line(IBufferWriter<byte> output, int maximumLength)
        {
            ArgumentNullException.ThrowIfNull(output);
            _output = output;
            _span = output.GetSpan(maximumLength);
        }

        internal void Append(ReadOnlySpan<byte> text)
        {
            text.CopyTo(_span[_length..]);
            _length += text.Length;
        }

        internal void Append(long number)
        {
            number.TryFormat(_span[_length..], out int written, default, CultureInfo.InvariantCulture);
            _length += written;
        }

        internal void AppendParameter(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
        {
            if (!value.IsEmpty)
            {
                Append(name);
                Append(value);
            }
        }

        internal void AppendItem(bool wanted, ReadOnlySpan<byte> item, ref ReadOnlySpan<byte> separator)
        {
            if (wanted)
            {
                Append(separator);
                Append(item);
                separator = ","u8;
            }
        }

        internal void AppendBase64(ReadOnlySpan<byte> octets)
        {
            Base64.EncodeToUtf8(octets, _span[_length..], out _, out int written);
            _length += written;
        }

        internal int End()
        {
            Append("\r\n"u8);
            _output.Advance(_length);
            return _length;
        }
    }
}
