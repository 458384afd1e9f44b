using System.Text;

namespace Smtp.Server.Tests;

/// <summary>The messages that programs send us, each hard in its own way.</summary>
internal static class Letters
{
    internal static TheoryData<string> Names => ["short", "dots", "eight bits", "50,000 lines", "empty body", "no final line break"];

    /// <summary>The message as octets.</summary>
    internal static byte[] Get(string name)
    {
        var text = new StringBuilder("From: a@example.com\r\nTo: b@example.net\r\nSubject: interop\r\n\r\n");
        switch (name)
        {
            case "short":
                text.Append("Hello.\r\n");
                break;
            case "dots":
                text.Append(".\r\n..\r\n...\r\n.leading\r\n\r\n. \r\n.\r\nend\r\n");
                break;
            case "eight bits":
                for (int c = 0x80; c < 0x100; c++)
                {
                    text.Append((char)c).Append(c % 16 == 15 ? "\r\n" : string.Empty);
                }

                break;
            case "50,000 lines":
                for (int i = 0; i < 50_000; i++)
                {
                    text.Append(i % 7 == 0 ? "." : string.Empty).Append("line ").Append(i).Append("\r\n");
                }

                break;
            case "empty body":
                break;
            case "no final line break":
                text.Append("the end");
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(name), name, "No such message.");
        }

        return Encoding.Latin1.GetBytes(text.ToString());
    }

    /// <summary>What the message is once it was sent by DATA, which has whole lines only.</summary>
    internal static byte[] WithWholeLines(byte[] content) => content.AsSpan().EndsWith("\r\n"u8) ? content : [.. content, .. "\r\n"u8];
}
