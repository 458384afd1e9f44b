using System.Text;

namespace Smtp.Core.Tests.Client;

/// <summary>
/// A server that carries out what a client has written, one command at a time, and decides what it accepts. A transaction whose BDAT it has refused
/// stays open until RSET, as RFC 3030 §2 lets it.
/// </summary>
/// <param name="accepts">Decides over a command: what may be refused is MAIL, RCPT, DATA, and the message at its end.</param>
internal sealed class ModelServer(Func<string, bool> accepts)
{
    private readonly StringBuilder _unread = new();
    private readonly List<string> _recipients = [];
    private string? _sender;
    private bool _inBody;

    /// <summary>What it has taken: sender, recipients, content.</summary>
    internal List<(string Sender, string[] Recipients, string Content)> Taken { get; } = [];

    /// <summary>Takes what the client has written.</summary>
    internal void Read(string octets) => _unread.Append(octets);

    /// <summary>Carries out one command, or takes the message at the end of a body.</summary>
    /// <returns>The reply; <see langword="null"/> if nothing is there whole.</returns>
    internal string? Next()
    {
        string text = _unread.ToString();
        int end = text.IndexOf(_inBody ? ".\r\n" : "\r\n", StringComparison.Ordinal);
        if (end < 0)
        {
            return null;
        }

        if (_inBody)
        {
            _unread.Remove(0, end + 3);
            _inBody = false;
            string answer = Take(text[..end], out _);
            Reset();
            return answer + "\r\n";
        }

        string line = text[..end];
        end += 2;
        string reply;
        switch (line.Split(' ', ':')[0])
        {
            case "RSET":
                Reset();
                reply = "250 2.0.0 reset";
                break;
            case "MAIL" when _sender is not null:
                reply = "503 5.5.1 nested MAIL";
                break;
            case "MAIL" when accepts("MAIL"):
                _sender = line.Split('<', '>')[1];
                reply = "250 2.1.0 sender";
                break;
            case "RCPT" when _sender is null:
                reply = "503 5.5.1 no sender";
                break;
            case "RCPT" when accepts("RCPT"):
                _recipients.Add(line.Split('<', '>')[1]);
                reply = "250 2.1.5 recipient";
                break;
            case "DATA" when _recipients.Count == 0:
                reply = "503 5.5.1 no recipients";
                break;
            case "DATA" when accepts("DATA"):
                _inBody = true;
                reply = "354 go";
                break;
            case "BDAT":
                int length = int.Parse(line.Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture);
                if (text.Length < end + length)
                {
                    return null;
                }

                string content = text.Substring(end, length);
                end += length;
                bool isTaken = false;
                reply = _recipients.Count == 0 ? "503 5.5.1 no recipients" : Take(content, out isTaken);
                if (isTaken)
                {
                    Reset();
                }

                break;
            default:
                reply = "550 5.7.1 refused";
                break;
        }

        _unread.Remove(0, end);
        return reply + "\r\n";
    }

    private string Take(string content, out bool isTaken)
    {
        isTaken = accepts("END");
        if (!isTaken)
        {
            return "554 5.6.0 not this";
        }

        Taken.Add((_sender!, [.. _recipients], content));
        return "250 2.0.0 taken";
    }

    private void Reset()
    {
        _sender = null;
        _recipients.Clear();
    }
}
