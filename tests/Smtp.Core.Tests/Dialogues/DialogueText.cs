using System.Globalization;
using System.Text;

namespace Smtp.Core.Tests;

/// <summary>The escapes of dialogue files.</summary>
internal static class DialogueText
{
    /// <summary>
    /// UTF-8 with <c>\r \n \t \0 \\ \xHH</c>, and <c>\{text*count}</c> for a text that stands many times.
    /// </summary>
    public static byte[] Decode(string text)
    {
        var octets = new List<byte>();
        int i = 0;
        while (i < text.Length)
        {
            int backslash = text.IndexOf('\\', i);
            if (backslash < 0)
            {
                octets.AddRange(Encoding.UTF8.GetBytes(text[i..]));
                break;
            }

            octets.AddRange(Encoding.UTF8.GetBytes(text[i..backslash]));
            i = backslash + 2;
            switch (i <= text.Length ? text[backslash + 1] : '?')
            {
                case 'r':
                    octets.Add((byte)'\r');
                    break;
                case 'n':
                    octets.Add((byte)'\n');
                    break;
                case 't':
                    octets.Add((byte)'\t');
                    break;
                case '0':
                    octets.Add(0);
                    break;
                case '\\':
                    octets.Add((byte)'\\');
                    break;
                case 'x' when i + 2 <= text.Length:
                    octets.Add(byte.Parse(text.AsSpan(i, 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture));
                    i += 2;
                    break;
                case '{' when text.IndexOf('}', i) is int close and > 0 && text.LastIndexOf('*', close) is int star && star >= i:
                    byte[] item = Decode(text[i..star]);
                    int count = int.Parse(text.AsSpan((star + 1)..close), CultureInfo.InvariantCulture);
                    for (int n = 0; n < count; n++)
                    {
                        octets.AddRange(item);
                    }

                    i = close + 1;
                    break;
                default:
                    throw new DialogueException($"Unknown escape in '{text}'.");
            }
        }

        return [.. octets];
    }
}
