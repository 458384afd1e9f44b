using System.Text;

namespace Smtp.Core.Tests;

public class EnvelopeTests
{
    private const SmtpExtensions All = (SmtpExtensions)0xFFF;

    [Fact]
    public void A_new_envelope_is_empty() => CheckEmpty(new Envelope());

    [Fact]
    public void The_sender_is_what_mail_said()
    {
        var envelope = new Envelope();
        SetSender(envelope, "FROM:<\u00E9@b> SIZE=7 BODY=8BITMIME SMTPUTF8 RET=FULL ENVID=e1 AUTH=a+2Bb REQUIRETLS");
        Assert.Equal("\u00E9@b", envelope.ReversePath.ToString());
        Assert.Equal("b", Encoding.UTF8.GetString(envelope.ReversePath.Domain));
        Assert.Equal(7, envelope.DeclaredSize);
        Assert.Equal(BodyType.EightBitMime, envelope.Body);
        Assert.True(envelope.SmtpUtf8);
        Assert.True(envelope.RequireTls);
        Assert.Equal(DsnReturn.Full, envelope.Return);
        Assert.Equal("e1", Wire.Decode(envelope.EnvelopeId.Span));
        Assert.Equal("a+2Bb", Wire.Decode(envelope.Submitter.Span));

        envelope.Reset();
        CheckEmpty(envelope);
        SetSender(envelope, "FROM:<>");
        Assert.True(envelope.ReversePath.IsNull);
    }

    [Fact]
    public void Only_accepted_recipients_are_kept_in_their_order()
    {
        var envelope = new Envelope();
        SetSender(envelope, "FROM:<a@b>");
        Stage(envelope, "TO:<one@b> NOTIFY=SUCCESS ORCPT=rfc822;x");
        Assert.Equal("one@b", envelope.StagedRecipient.ForwardPath.ToString());
        Assert.Equal(0, envelope.RecipientCount);
        envelope.AcceptStagedRecipient();
        Stage(envelope, "TO:<a-refused-one@b>");
        envelope.DropStagedRecipient();
        Stage(envelope, "TO:<Postmaster>");
        envelope.AcceptStagedRecipient();

        Assert.Equal(2, envelope.RecipientCount);
        Assert.Equal("one@b", envelope[0].ForwardPath.ToString());
        Assert.Equal(DsnNotify.Success, envelope[0].Notify);
        Assert.Equal("rfc822;x", Wire.Decode(envelope[0].OriginalRecipient.Span));
        Assert.Equal("Postmaster", envelope[1].ForwardPath.ToString());
        Assert.True(envelope[1].ForwardPath.Domain.IsEmpty);
        Assert.Equal(DsnNotify.Unspecified, envelope[1].Notify);
        Assert.True(envelope[1].OriginalRecipient.IsEmpty);
        Assert.Throws<ArgumentOutOfRangeException>(() => envelope[2]);
        Assert.Throws<ArgumentOutOfRangeException>(() => envelope[-1]);
    }

    [Fact]
    public void Growth_keeps_everything_and_what_was_handed_out_stays_valid()
    {
        var envelope = new Envelope();
        SetSender(envelope, "FROM:<sender@example.org> ENVID=id");
        SmtpPath sender = envelope.ReversePath;
        var first = new List<EnvelopeRecipient>();
        for (int i = 0; i < 1000; i++)
        {
            Stage(envelope, $"TO:<recipient-{i}@example.com> ORCPT=rfc822;original-{i}");
            first.Add(envelope.StagedRecipient);
            envelope.AcceptStagedRecipient();

            // Whoever rents an array that the envelope gave back writes over it.
            byte[] rented = System.Buffers.ArrayPool<byte>.Shared.Rent(256 << (i % 10));
            rented.AsSpan().Fill((byte)'!');
            System.Buffers.ArrayPool<byte>.Shared.Return(rented);
        }

        Assert.Equal(1000, envelope.RecipientCount);
        Assert.Equal("sender@example.org", sender.ToString());
        Assert.Equal("sender@example.org", envelope.ReversePath.ToString());
        Assert.Equal("id", Wire.Decode(envelope.EnvelopeId.Span));
        IReadOnlyList<SmtpPath> copies = envelope.CopyForwardPaths();
        for (int i = 0; i < 1000; i++)
        {
            Assert.Equal($"recipient-{i}@example.com", envelope[i].ForwardPath.ToString());
            Assert.Equal($"rfc822;original-{i}", Wire.Decode(envelope[i].OriginalRecipient.Span));
            Assert.Equal($"recipient-{i}@example.com", first[i].ForwardPath.ToString());
        }

        envelope.Reset();
        CheckEmpty(envelope);
        Assert.Equal("recipient-999@example.com", copies[999].ToString());
    }

    [Fact]
    public void A_transaction_allocates_nothing()
    {
        var envelope = new Envelope();
        byte[] mail = "FROM:<sender@example.org> ENVID=id"u8.ToArray();
        byte[] rcpt = "TO:<recipient@example.com> ORCPT=rfc822;original"u8.ToArray();
        int recipients = 0;
        Assert.Equal(0, Allocations.Of(() =>
        {
            MailArguments.TryParse(mail, All, PathOptions.None, out MailArguments sender);
            envelope.SetSender(sender);
            for (int i = 0; i < 50; i++)
            {
                RcptArguments.TryParse(rcpt, All, smtpUtf8: false, PathOptions.None, out RcptArguments recipient);
                envelope.StageRecipient(recipient);
                envelope.AcceptStagedRecipient();
            }

            recipients += envelope.RecipientCount;
            envelope.Reset();
        }));
        Assert.Equal(50 * 200, recipients);
    }

    private static void CheckEmpty(Envelope envelope)
    {
        Assert.True(envelope.ReversePath.IsNull);
        Assert.Equal(-1, envelope.DeclaredSize);
        Assert.Equal(BodyType.SevenBit, envelope.Body);
        Assert.False(envelope.SmtpUtf8);
        Assert.False(envelope.RequireTls);
        Assert.Equal(DsnReturn.Unspecified, envelope.Return);
        Assert.True(envelope.EnvelopeId.IsEmpty);
        Assert.True(envelope.Submitter.IsEmpty);
        Assert.Equal(0, envelope.RecipientCount);
        Assert.Empty(envelope.CopyForwardPaths());
    }

    private static void SetSender(Envelope envelope, string argument)
    {
        Assert.Equal(default, MailArguments.TryParse(Encoding.UTF8.GetBytes(argument), All, PathOptions.None, out MailArguments arguments));
        envelope.SetSender(arguments);
    }

    private static void Stage(Envelope envelope, string argument)
    {
        byte[] octets = Encoding.UTF8.GetBytes(argument);
        Assert.Equal(default, RcptArguments.TryParse(octets, All, smtpUtf8: false, PathOptions.None, out RcptArguments arguments));
        envelope.StageRecipient(arguments);
    }
}
