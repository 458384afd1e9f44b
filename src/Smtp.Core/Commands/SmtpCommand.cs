using System.Buffers.Binary;

namespace Smtp.Core;

/// <summary>A command line cut into its verb and the rest (RFC 5321 §2.4, §4.1.1). Allocates nothing; valid as long as the line.</summary>
internal readonly ref struct SmtpCommand
{
    // A verb is matched as one integer, its letters folded to upper case: clearing bit 5 maps to a letter only that letter's two cases.
    private const uint CaseMask = 0xDFDFDFDF;

    private static readonly uint Auth = Pack("AUTH"u8);
    private static readonly uint Bdat = Pack("BDAT"u8);
    private static readonly uint Data = Pack("DATA"u8);
    private static readonly uint Ehlo = Pack("EHLO"u8);
    private static readonly uint Expn = Pack("EXPN"u8);
    private static readonly uint Helo = Pack("HELO"u8);
    private static readonly uint Help = Pack("HELP"u8);
    private static readonly uint Lhlo = Pack("LHLO"u8);
    private static readonly uint Mail = Pack("MAIL"u8);
    private static readonly uint Noop = Pack("NOOP"u8);
    private static readonly uint Quit = Pack("QUIT"u8);
    private static readonly uint Rcpt = Pack("RCPT"u8);
    private static readonly uint Rset = Pack("RSET"u8);
    private static readonly uint Star = Pack("STAR"u8);
    private static readonly uint Ttls = Pack("TTLS"u8);
    private static readonly uint Vrfy = Pack("VRFY"u8);

    private SmtpCommand(SmtpVerb verb, ReadOnlySpan<byte> argument)
    {
        Verb = verb;
        Argument = argument;
    }

    /// <summary>The verb, or <see cref="SmtpVerb.Unknown"/>.</summary>
    public SmtpVerb Verb { get; }

    /// <summary>What stands behind the verb and one space, without trailing spaces; empty if nothing does or the verb is unknown.</summary>
    public ReadOnlySpan<byte> Argument { get; }

    /// <summary>Parses a line that has lost its CRLF. Never fails: what it does not know is <see cref="SmtpVerb.Unknown"/>.</summary>
    public static SmtpCommand Parse(ReadOnlySpan<byte> line)
    {
        // RFC 5321 §4.1.1: trailing white space before the CRLF is to be tolerated.
        line = line.TrimEnd(" \t"u8);
        if (line.Length < 4)
        {
            return default;
        }

        int length = 4;
        uint word = Pack(line);
        SmtpVerb verb;
        if (word == Mail)
        {
            verb = SmtpVerb.Mail;
        }
        else if (word == Rcpt)
        {
            verb = SmtpVerb.Rcpt;
        }
        else if (word == Data)
        {
            verb = SmtpVerb.Data;
        }
        else if (word == Bdat)
        {
            verb = SmtpVerb.Bdat;
        }
        else if (word == Star && line.Length >= 8 && Pack(line[4..]) == Ttls)
        {
            verb = SmtpVerb.StartTls;
            length = 8;
        }
        else
        {
            verb = ParseRare(word);
        }

        if (line.Length > length && line[length] != ' ')
        {
            return default;
        }

        return verb == SmtpVerb.Unknown || line.Length == length ? new SmtpCommand(verb, default) : new SmtpCommand(verb, line[(length + 1)..]);
    }

    /// <summary>Whether a line that is no BDAT by the grammar may be one for its sender, so that a chunk stands behind it.</summary>
    internal static bool StartsLikeChunk(ReadOnlySpan<byte> line)
    {
        line = line.TrimStart(" \t"u8);
        return line.Length >= 4 && Pack(line) == Bdat;
    }

    private static SmtpVerb ParseRare(uint word) =>
        word == Ehlo ? SmtpVerb.Ehlo
        : word == Quit ? SmtpVerb.Quit
        : word == Rset ? SmtpVerb.Rset
        : word == Noop ? SmtpVerb.Noop
        : word == Auth ? SmtpVerb.Auth
        : word == Helo ? SmtpVerb.Helo
        : word == Lhlo ? SmtpVerb.Lhlo
        : word == Vrfy ? SmtpVerb.Vrfy
        : word == Expn ? SmtpVerb.Expn
        : word == Help ? SmtpVerb.Help
        : SmtpVerb.Unknown;

    private static uint Pack(ReadOnlySpan<byte> letters) => BinaryPrimitives.ReadUInt32LittleEndian(letters) & CaseMask;
}
