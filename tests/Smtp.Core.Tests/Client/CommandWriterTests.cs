using System.Buffers;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;

namespace Smtp.Core.Tests.Client;

public sealed class CommandWriterTests
{
    public static TheoryData<string> Poison => ["\r", "\n", "\0", "\r\nRSET\r\n", "\u0001", "\u001f", "\u007f", " "];

    [Fact]
    public void Commands_without_arguments()
    {
        Assert.Equal("DATA\r\n", Write(CommandWriter.WriteData));
        Assert.Equal("RSET\r\n", Write(CommandWriter.WriteRset));
        Assert.Equal("NOOP\r\n", Write(CommandWriter.WriteNoop));
        Assert.Equal("QUIT\r\n", Write(CommandWriter.WriteQuit));
        Assert.Equal("STARTTLS\r\n", Write(CommandWriter.WriteStartTls));
        Assert.Equal("*\r\n", Write(CommandWriter.WriteSaslCancel));
    }

    [Fact]
    public void Hellos()
    {
        Assert.Equal("EHLO client.example\r\n", Write(o => CommandWriter.WriteEhlo(o, "client.example"u8)));
        Assert.Equal("HELO [192.0.2.1]\r\n", Write(o => CommandWriter.WriteHelo(o, "[192.0.2.1]"u8)));
        Assert.Equal("LHLO [IPv6:2001:db8::1]\r\n", Write(o => CommandWriter.WriteLhlo(o, "[IPv6:2001:db8::1]"u8)));
    }

    [Fact]
    public void MAIL_with_nothing_and_with_everything()
    {
        Assert.Equal("MAIL FROM:<>\r\n", Write(o => CommandWriter.WriteMail(o, new MailParameters())));
        Assert.Equal(
            "MAIL FROM:<a@b.example> SIZE=12 BODY=8BITMIME SMTPUTF8 REQUIRETLS RET=HDRS ENVID=QQ+2B AUTH=<>\r\n",
            Write(o => CommandWriter.WriteMail(o, new MailParameters
            {
                ReversePath = SmtpPath.Parse("a@b.example"),
                Size = 12,
                Body = BodyType.EightBitMime,
                SmtpUtf8 = true,
                RequireTls = true,
                Return = DsnReturn.Headers,
                EnvelopeId = "QQ+2B"u8.ToArray(),
                Submitter = "<>"u8.ToArray(),
            })));
        Assert.Equal(
            "MAIL FROM:<a@b.example> SIZE=9223372036854775807 BODY=BINARYMIME RET=FULL\r\n",
            Write(o => CommandWriter.WriteMail(o, new MailParameters
            {
                ReversePath = SmtpPath.Parse("a@b.example"),
                Size = long.MaxValue,
                Body = BodyType.BinaryMime,
                Return = DsnReturn.Full,
            })));
    }

    [Fact]
    public void RCPT_with_nothing_and_with_everything()
    {
        SmtpPath path = SmtpPath.Parse("\"a b\"@b.example");
        Assert.Equal("RCPT TO:<\"a b\"@b.example>\r\n", Write(o => CommandWriter.WriteRcpt(o, path)));
        Assert.Equal("RCPT TO:<\"a b\"@b.example> NOTIFY=NEVER\r\n", Write(o => CommandWriter.WriteRcpt(o, path, DsnNotify.Never)));
        Assert.Equal(
            "RCPT TO:<\"a b\"@b.example> NOTIFY=SUCCESS,FAILURE,DELAY ORCPT=rfc822;a@b\r\n",
            Write(o => CommandWriter.WriteRcpt(o, path, DsnNotify.Success | DsnNotify.Failure | DsnNotify.Delay, "rfc822;a@b"u8)));
        Assert.Equal("RCPT TO:<\"a b\"@b.example> NOTIFY=DELAY\r\n", Write(o => CommandWriter.WriteRcpt(o, path, DsnNotify.Delay)));
    }

    [Fact]
    public void BDAT_and_AUTH()
    {
        Assert.Equal("BDAT 0 LAST\r\n", Write(o => CommandWriter.WriteBdat(o, 0, last: true)));
        Assert.Equal("BDAT 86\r\n", Write(o => CommandWriter.WriteBdat(o, 86, last: false)));
        Assert.Equal("AUTH LOGIN\r\n", Write(o => CommandWriter.WriteAuth(o, "LOGIN"u8)));
        Assert.Equal("AUTH PLAIN AGEAYg==\r\n", Write(o => CommandWriter.WriteAuth(o, "PLAIN"u8, "\0a\0b"u8)));
        Assert.Equal("AUTH EXTERNAL =\r\n", Write(o => CommandWriter.WriteAuth(o, "EXTERNAL"u8, default)));
        Assert.Equal("YQ==\r\n", Write(o => CommandWriter.WriteSaslResponse(o, "a"u8)));
        Assert.Equal("\r\n", Write(o => CommandWriter.WriteSaslResponse(o, default)));
    }

    [Theory]
    [MemberData(nameof(Poison))]
    public void No_argument_can_end_a_command_or_add_to_it(string poison)
    {
        byte[] bad = Encoding.UTF8.GetBytes("a" + poison + "b");
        SmtpPath path = SmtpPath.Parse("a@b.example");
        Refuses(o => CommandWriter.WriteEhlo(o, bad));
        Refuses(o => CommandWriter.WriteHelo(o, bad));
        Refuses(o => CommandWriter.WriteLhlo(o, bad));
        Refuses(o => CommandWriter.WriteMail(o, new MailParameters { EnvelopeId = bad }));
        Refuses(o => CommandWriter.WriteMail(o, new MailParameters { Submitter = bad }));
        Refuses(o => CommandWriter.WriteRcpt(o, path, originalRecipient: [.. "rfc822;"u8, .. bad]));
        Refuses(o => CommandWriter.WriteAuth(o, bad));
        Refuses(o => CommandWriter.WriteAuth(o, bad, "x"u8));
    }

    [Fact]
    public void Other_misuse_is_refused()
    {
        SmtpPath path = SmtpPath.Parse("a@b.example");
        Refuses(o => CommandWriter.WriteRcpt(o, SmtpPath.Null));
        Refuses(o => CommandWriter.WriteRcpt(o, path, DsnNotify.Never | DsnNotify.Delay));
        Refuses(o => CommandWriter.WriteRcpt(o, path, originalRecipient: "no-type"u8));
        Refuses(o => CommandWriter.WriteRcpt(o, path, originalRecipient: Encoding.ASCII.GetBytes("rfc822;" + new string('x', 500))));
        Refuses(o => CommandWriter.WriteMail(o, new MailParameters { EnvelopeId = new byte[101].AsMemory() }));
        Refuses(o => CommandWriter.WriteBdat(o, -1, last: true));
        Refuses(o => CommandWriter.WriteEhlo(o, default));
    }

    [Fact]
    public void A_path_whose_memory_was_changed_behind_its_back_is_refused()
    {
        // The envelope of a server's transaction lives in memory that is used again.
        byte[] octets = "a@b.example"u8.ToArray();
        Assert.True(SmtpPath.TryParse("a@b.example", out SmtpPath path));
        System.Runtime.InteropServices.MemoryMarshal.TryGetArray(path.Memory, out ArraySegment<byte> memory);
        "\r\nRSET\r\n..."u8[..octets.Length].CopyTo(memory.Array.AsSpan(memory.Offset));
        Refuses(o => CommandWriter.WriteRcpt(o, path));
        Refuses(o => CommandWriter.WriteMail(o, new MailParameters { ReversePath = path }));
    }

    [Property(MaxTest = 300)]
    public Property Whatever_the_arguments_a_command_is_one_line_that_the_servers_parser_reads_back()
    {
        Gen<byte[]> text = Gen.Choose(0, 255).Select(i => (byte)i).ArrayOf();
        return Prop.ForAll(text.ToArbitrary(), text.ToArbitrary(), (envelopeId, submitter) =>
        {
            var output = new ArrayBufferWriter<byte>();
            try
            {
                CommandWriter.WriteMail(output, new MailParameters
                {
                    ReversePath = SmtpPath.Parse("a@b.example"),
                    Size = 7,
                    EnvelopeId = envelopeId,
                    Submitter = submitter,
                });
            }
            catch (ArgumentException)
            {
                Assert.Equal(0, output.WrittenCount);
                return;
            }

            Assert.Equal(output.WrittenCount - 2, output.WrittenSpan.IndexOf("\r\n"u8));
            SmtpCommand command = SmtpCommand.Parse(output.WrittenSpan[..^2]);
            const SmtpExtensions All = (SmtpExtensions)0xFFF;
            Assert.True(MailArguments.TryParse(command.Argument, All, PathOptions.None, out MailArguments arguments).IsNone);
            Assert.Equal(7, arguments.Size);
            Assert.True(arguments.EnvelopeId.SequenceEqual(envelopeId));
            Assert.True(arguments.Submitter.SequenceEqual(submitter));
        });
    }

    private static string Write(Func<IBufferWriter<byte>, int> write)
    {
        var output = new ArrayBufferWriter<byte>();
        Assert.Equal(write(output), output.WrittenCount);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    private static void Refuses(Func<IBufferWriter<byte>, int> write)
    {
        var output = new ArrayBufferWriter<byte>();
        Assert.ThrowsAny<ArgumentException>(() => write(output));
        Assert.Equal(0, output.WrittenCount);
    }
}
