using FsCheck;
using FsCheck.Fluent;

namespace Smtp.Core.Tests;

/// <summary>Random scripts: mostly what a client says in order, mixed with what it should not say.</summary>
public static class SessionScriptArbitrary
{
    private static readonly string[] Good =
    [
        "EHLO client.example.net\r\n", "HELO c\r\n", "MAIL FROM:<a@example.net>\r\n", "MAIL FROM:<> SIZE=100\r\n",
        "RCPT TO:<b@example.org>\r\n", "rcpt to:<postmaster> \r\n", "RSET\r\n", "NOOP\r\n", "NOOP x\r\n", "VRFY b\r\n",
        "AUTH PLAIN AGFsaWNlAHNlY3JldA==\r\n", "AUTH PLAIN\r\nAGFsaWNlAHNlY3JldA==\r\n", "STARTTLS\r\n",
    ];

    private static readonly string[] Bad =
    [
        "MAIL FROM:<bad@example.org>\r\n", "RCPT TO:<bad@example.org>\r\n", "MAIL FROM:a@b\r\n",
        "MAIL FROM:<busy@example.org>\r\n", "RCPT TO:<busy@example.org>\r\n",
        "MAIL FROM:<a@example.net> SIZE=65537\r\n", "MAIL FROM:<a@example.net> SIZE=99999999999999999999\r\n", "RCPT TO:<>\r\n",
        "MAIL\r\n", "RCPT\r\n", "DATA x\r\n", "RSET x\r\n", "QUIT x\r\n", "VRFY\r\n", "EHLO\r\n", "HELO <x>\r\n", "AUTH\r\n",
        "AUTH CRAM-MD5\r\n", "AUTH PLAIN ???\r\n", "AUTH PLAIN AGFsaWNlAHdyb25n\r\n", "AUTH PLAIN Ym9iAGFsaWNlAHNlY3JldA==\r\n",
        "AUTH PLAIN\r\n*\r\n", "AUTH PLAIN\r\nNOOP\r\n", "AUTH PLAIN\r\n\n\r\n", "STARTTLS x\r\n", "QUIT\r\n", "XYZZY\r\n", "\r\n",
        ".\r\n", "..\r\n", "\r", "\n", "\0\r\n", "GET / HTTP/1.1\r\n", "NOOP\nRSET\r\n", "NOOP\r\r\n", "BDAT\r\n", "BDAT x\r\n",
        "BDAT -1\r\n", "BDAT 5 LASTX\r\n", "BDAT 99999999999999999999\r\n", "BDAT 0\nx\r\n",
    ];

    private static readonly string[] BodyTokens =
        ["a line\r\n", ".", "..", "\r\n", "\r\n", "\r\n.", "x", "\n", "\r", "\0", "\n.\n", "\r\n.\r\r\n", "QUIT\r\n", "\x85", "RSET\r\n"];

    public static Arbitrary<SessionScript> Scripts() => Arb.From(Script, Shrink);

    private static Gen<string> Body =>
        from tokens in Gen.Frequency((3, Gen.Elements(BodyTokens[..7])), (1, Gen.Elements(BodyTokens))).ListOf()
        select string.Concat(tokens);

    private static Gen<string> Data =>
        from body in Gen.Frequency((30, Body), (1, Gen.Choose(65533, 65537).Select(length => new string('x', length))))
        select $"DATA\r\n{body}\r\n.\r\n";

    private static Gen<string> Chunk =>
        from body in Gen.Frequency((30, Body), (1, Gen.Choose(65533, 65537).Select(length => new string('y', length))))
        from last in Gen.Elements("", "", " LAST", " last")
        from delta in Gen.Frequency((20, Gen.Constant(0)), (1, Gen.Choose(-2, 2)))
        select $"BDAT {Math.Max(0, body.Length + delta)}{last}\r\n{body}";

    private static Gen<string> LongLine =>
        from start in Gen.Elements("NOOP ", "BDAT 3 ", "AUTH PLAIN ", "x")
        from length in Gen.Elements(505, 506, 510, 511, 597, 598, 599, 700, 2000)
        from fill in Gen.Elements(' ', 'A')
        select (start.Length >= length ? start : start + new string(fill, length - start.Length)) + "\r\n" + (start.StartsWith('B') ? "abc" : "");

    private static Gen<string> Transaction =>
        from middle in Gen.Frequency((6, Gen.Constant("")), (1, Gen.Elements(Good)), (1, Gen.Elements(Bad)))
        from sender in Gen.Frequency((12, Gen.Constant("a@example.net")), (1, Gen.Constant("busy@example.org")))
        from recipient in Gen.Frequency((12, Gen.Constant("b@example.org")), (1, Gen.Constant("busy@example.org")))
        from recipients in Gen.Frequency((12, Gen.Choose(1, 2)), (1, Gen.Choose(99, 102)))
        from body in Gen.OneOf(Data, Chunk)
        select $"MAIL FROM:<{sender}>\r\n{string.Concat(Enumerable.Repeat($"RCPT TO:<{recipient}>\r\n", recipients))}{middle}{body}";

    private static Gen<string> Item => Gen.Frequency(
        (6, Gen.Elements(Good)), (3, Gen.Elements(Bad)), (2, Data), (3, Chunk), (4, Transaction), (1, LongLine));

    private static Gen<SessionScript> Script =>
        from greeted in Gen.Frequency((4, Gen.Constant(Good[0])), (1, Gen.Constant("")))
        from plain in Item.ListOf()
        from encrypted in Item.ListOf()
        from seed in Gen.Choose(0, int.MaxValue)
        select new SessionScript([greeted, .. plain], [greeted, .. encrypted], seed);

    private static IEnumerable<SessionScript> Shrink(SessionScript script)
    {
        for (int i = 0; i < script.Encrypted.Count; i++)
        {
            yield return script with { Encrypted = [.. script.Encrypted.Where((_, index) => index != i)] };
        }

        for (int i = 0; i < script.Plain.Count; i++)
        {
            yield return script with { Plain = [.. script.Plain.Where((_, index) => index != i)] };
        }
    }
}
