namespace Smtp.Core.Tests.Fuzzing;

/// <summary>
/// Makes new inputs out of old ones, the same for the same seed. What leads somewhere new is kept and changed further, which takes it deeper than
/// one change could.
/// </summary>
internal sealed class WireMutator
{
    private const int LongestInput = 6000;
    private const int MostKept = 500;

    // What parsers have to tell apart, so that luck need not find it octet by octet.
    private static readonly byte[][] Tokens = [.. new[]
    {
        "\r\n", "\r", "\n", "\0", ".", "\r\n.\r\n", "\n.\n", "\r.\r", "\r\n.\r\r\n", " ", "\t", ":", "<", ">", "@", "=", "*", "\"", "\\", "-", "[", "]", ",", "\u0085", "\u00ff",
        "EHLO c\r\n", "HELO c\r\n", "LHLO c\r\n", "MAIL FROM:<a@example.net>\r\n", "RCPT TO:<b@example.org>\r\n", "DATA\r\n", "BDAT 5\r\n", "BDAT 3 LAST\r\n", "BDAT 0\r\n",
        "BDAT 18446744073709551617\r\n", "BDAT -1\r\n", "RSET\r\n", "NOOP\r\n", "QUIT\r\n", "STARTTLS\r\n", "AUTH PLAIN\r\n", "AUTH LOGIN YWxpY2U=\r\n",
        "AUTH PLAIN AGFsaWNlAHNlY3JldA==\r\n", " SIZE=1", " BODY=BINARYMIME", " SMTPUTF8", " RET=FULL", " NOTIFY=NEVER", "99999999999999999999", "65536", "+2B",
        "250 ", "250-", "354 ", "421 ", "550-5.1.1 ",
    }.Select(Wire.Encode)];

    private readonly Random _random;
    private readonly List<byte[]> _inputs;
    private readonly int _seeds;

    internal WireMutator(int seed, IEnumerable<byte[]> corpus)
    {
        _random = new Random(seed);
        _inputs = [.. corpus];
        _seeds = _inputs.Count;
    }

    /// <summary>The next input: some changes of an old one.</summary>
    internal byte[] Next()
    {
        var input = new List<byte>(Pick());
        for (int changes = _random.Next(1, 6); changes > 0; changes--)
        {
            Change(input);
        }

        if (input.Count > LongestInput)
        {
            input.RemoveRange(LongestInput, input.Count - LongestInput);
        }

        return [.. input];
    }

    /// <summary>Keeps an input that did something new.</summary>
    internal void Keep(byte[] input)
    {
        if (_inputs.Count < _seeds + MostKept)
        {
            _inputs.Add(input);
        }
        else
        {
            _inputs[_seeds + _random.Next(MostKept)] = input;
        }
    }

    private byte[] Pick() => _inputs[_random.Next(_inputs.Count)];

    private void Change(List<byte> input)
    {
        int at = _random.Next(input.Count + 1);
        int length = Math.Min(_random.Next(1, 40), input.Count - at);
        switch (_random.Next(9))
        {
            case 0 when at < input.Count:
                input[at] ^= (byte)(1 << _random.Next(8));
                break;
            case 1 when at < input.Count:
                input[at] = (byte)_random.Next(256);
                break;
            case 2:
                input.RemoveRange(at, length);
                break;
            case 3:
                input.InsertRange(_random.Next(input.Count + 1), input.GetRange(at, length));
                break;
            case 4:
                input.InsertRange(at, Enumerable.Repeat((byte)_random.Next(256), _random.Next(1, 700)));
                break;
            case 5:
                input.RemoveRange(at, input.Count - at);
                input.AddRange(Pick());
                break;
            case 6 when length > 0:
                // A line over another.
                byte[] line = [.. input.GetRange(at, length)];
                input.RemoveRange(at, length);
                input.InsertRange(_random.Next(input.Count + 1), line);
                break;
            default:
                input.InsertRange(at, Tokens[_random.Next(Tokens.Length)]);
                break;
        }
    }
}
