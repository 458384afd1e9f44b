using System.Buffers;
using System.Text;

namespace Smtp.Core.Tests.Sessions;

public class RecipientOvershootTests
{
    [Fact]
    public void Recipients_too_many_are_no_errors_until_there_are_twice_as_many()
    {
        var session = new ServerSession(new ServerProfile(new ServerProfileOptions
        {
            Limits = new SmtpLimits { MaximumRecipients = 100, MaximumErrors = 1 },
        }));
        Run(session, "");
        Run(session, "HELO c\r\nMAIL FROM:<a@example.net>\r\n");
        for (int i = 0; i < 100; i++)
        {
            Assert.StartsWith("250 ", Run(session, "RCPT TO:<b@example.org>\r\n"), StringComparison.Ordinal);
        }

        // 100 more are the client's good right, one more is an error, and the second error is one too many.
        for (int i = 0; i < 101; i++)
        {
            Assert.StartsWith("452 4.5.3 ", Run(session, "RCPT TO:<b@example.org>\r\n"), StringComparison.Ordinal);
        }

        Assert.StartsWith("421 4.7.0 ", Run(session, "RCPT TO:<b@example.org>\r\n"), StringComparison.Ordinal);
        Assert.Equal(ServerPhase.Closing, session.Phase);
    }

    [Fact]
    public void Postponed_recipients_are_no_errors_until_there_are_more_than_a_message_may_have()
    {
        var session = new ServerSession(new ServerProfile(new ServerProfileOptions
        {
            Limits = new SmtpLimits { MaximumRecipients = 100, MaximumErrors = 1 },
        }));
        var greylisted = new SmtpReply("451 4.7.1 Greylisted\r\n"u8);
        Run(session, "");
        Run(session, "HELO c\r\nMAIL FROM:<a@example.net>\r\n");
        for (int i = 0; i < 101; i++)
        {
            Assert.StartsWith("451 4.7.1 ", Run(session, "RCPT TO:<b@example.org>\r\n", greylisted), StringComparison.Ordinal);
            Assert.Equal(i < 100 ? 0 : 1, session.ErrorCount);
        }

        Assert.StartsWith("421 4.7.0 ", Run(session, "RCPT TO:<b@example.org>\r\n", greylisted), StringComparison.Ordinal);
        Assert.Equal(ServerPhase.Closing, session.Phase);
    }

    private static string Run(ServerSession session, string octets, SmtpReply decision = default)
    {
        var input = new ReadOnlySequence<byte>(Encoding.ASCII.GetBytes(octets));
        var output = new ArrayBufferWriter<byte>();
        while (true)
        {
            ServerEffect effect = session.Advance(ref input, output);
            if (effect is ServerEffect.NeedInput or ServerEffect.Close)
            {
                return Encoding.ASCII.GetString(output.WrittenSpan);
            }

            if (effect is not ServerEffect.Flush)
            {
                session.Resume(decision, output);
            }
        }
    }
}
