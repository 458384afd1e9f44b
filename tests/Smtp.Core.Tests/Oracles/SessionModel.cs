using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Smtp.Core.Tests;

/// <summary>
/// A server's side of a session on the whole text of a connection, one function a command, from the words of RFC 5321 §3 and §4.1 and of the
/// extensions. Slow and plain; it shares no code with the engine. Says reply codes and delivered messages.
/// </summary>
internal sealed partial class SessionModel(SessionModelLimits limits, IReadOnlyDictionary<string, string> users)
{
    private readonly List<int> _codes = [220];
    private readonly List<SessionMessage> _messages = [];
    private string _text = "";
    private int _position;
    private bool _greeted;
    private bool _extended;
    private bool _tls;
    private string? _user;
    private string? _sender;
    private List<string> _recipients = [];
    private StringBuilder? _chunks;
    private int _errors;
    private int _unproductive;
    private int _postponements;
    private bool _isPostponed;
    private string _verb = "";
    private int _failedLogins;
    private bool _swallowing;

    /// <summary>Behind a 220 to STARTTLS.</summary>
    public bool AwaitsTls { get; private set; }

    public bool IsClosed { get; private set; }

    public IReadOnlyList<int> Codes => _codes;

    public IReadOnlyList<SessionMessage> Messages => _messages;

    /// <summary>Plays all that comes in plaintext, or behind <see cref="ShakeHands"/> all that comes under TLS.</summary>
    public void Play(string text)
    {
        _text = text;
        _position = 0;
        _swallowing = false;
        while (!IsClosed && !AwaitsTls && NextLine(inExchange: false, out string line))
        {
            Command(line);
        }
    }

    public void ShakeHands()
    {
        AwaitsTls = false;
        _tls = true;
        _user = null;
        _greeted = false;
        EndTransaction();
    }

    private bool InTransaction => _sender is not null;

    private void EndTransaction()
    {
        _sender = null;
        _recipients = [];
        _chunks = null;
    }

    // "One reply per command": every path below says exactly once, unless the input ends in the middle of a body.
    private void Say(int code)
    {
        // A 4yz is not the client's fault, nor what its pipelined group is told behind one, unless they are more than recipients of a message.
        bool follows = _isPostponed && _verb is "RCPT" or "DATA" or "BDAT" && (code == 554 || (code == 503 && !InTransaction));
        bool postponed = code is >= 400 and < 500 and not 421 || follows;
        bool excused = code == 421 || (postponed && ++_postponements <= limits.Recipients);
        if (code >= 400 && !excused && ++_errors > limits.Errors)
        {
            code = 421;
        }

        _isPostponed = code is >= 400 and < 500
            ? _verb is "MAIL" or "RCPT" or "DATA" or "BDAT"
            : code >= 500 && _isPostponed && _verb is "RCPT" or "DATA" or "BDAT";
        _codes.Add(code);
        IsClosed |= code is 421 or 221;
    }

    private bool NextLine(bool inExchange, out string line)
    {
        while (true)
        {
            int end = _text.IndexOf("\r\n", _position, StringComparison.Ordinal);
            bool whole = end >= 0;
            line = whole ? _text[_position..end] : _text[_position..];
            if (_swallowing)
            {
                if (!whole)
                {
                    return false;
                }

                _position = end + 2;
                _swallowing = false;
                continue;
            }

            // A CR that ends what has come may have its LF still to come.
            int bare = line.AsSpan().IndexOfAny('\r', '\n');
            int length = bare < 0 ? line.Length : bare;
            bool bad = bare >= 0 && (whole || line[bare] == '\n' || bare + 1 < line.Length);
            if (!bad && length + 2 <= limits.LongestLine)
            {
                if (whole)
                {
                    _position = end + 2;
                }

                return whole;
            }

            // Nothing of such a line is looked at, but that a BDAT announced octets of which nobody knows how many.
            _verb = inExchange ? _verb : "";
            Say(500);
            IsClosed |= !inExchange && line.StartsWith("BDAT", StringComparison.OrdinalIgnoreCase);
            _swallowing = true;
            if (IsClosed || inExchange)
            {
                return false;
            }
        }
    }

    private void Command(string line)
    {
        Match match = Verb().Match(line.TrimEnd(' ', '\t'));
        string verb = match.Groups[1].Value.ToUpperInvariant();
        string argument = match.Groups[2].Value;
        _verb = verb;
        bool tooLong = line.Length + 2 > limits.CommandLine && verb != "AUTH";
        if (tooLong && verb != "BDAT")
        {
            Say(500);
            return;
        }

        bool firstHello = verb is "EHLO" or "HELO" && !_greeted;
        if (verb is "EHLO" or "HELO" or "RSET" or "NOOP" or "VRFY" or "HELP" && !firstHello && ++_unproductive > limits.Unproductive)
        {
            Say(421);
            return;
        }

        switch (verb)
        {
            case "EHLO" or "HELO":
                Hello(verb, argument);
                break;
            case "MAIL":
                Say(!_greeted || InTransaction ? 503 : Mail(argument));
                break;
            case "RCPT":
                Say(!_greeted || !InTransaction || _chunks is not null ? 503 : Recipient(argument));
                break;
            case "DATA":
                Data(argument);
                break;
            case "BDAT":
                Chunk(argument, tooLong);
                break;
            case "RSET":
                if (argument.Length == 0)
                {
                    EndTransaction();
                }

                Say(argument.Length == 0 ? 250 : 501);
                break;
            case "NOOP":
                Say(250);
                break;
            case "VRFY":
                Say(argument.Length == 0 ? 501 : 252);
                break;
            case "HELP":
                Say(214);
                break;
            case "QUIT":
                Say(argument.Length == 0 ? 221 : 501);
                break;
            case "AUTH":
                Authenticate(argument);
                break;
            case "STARTTLS":
                int code = !_greeted || InTransaction || _tls ? 503 : argument.Length > 0 ? 501 : 220;
                Say(code);
                AwaitsTls = code == 220;
                break;
            default:
                bool http = !_greeted && line.Contains(" HTTP/", StringComparison.Ordinal);
                Say(http ? 554 : 500);
                IsClosed |= http;
                break;
        }
    }

    private void Hello(string verb, string argument)
    {
        if (!HelloName().IsMatch(argument))
        {
            Say(501);
            return;
        }

        EndTransaction();
        _greeted = true;
        _extended = verb == "EHLO";
        Say(250);
    }

    private int Mail(string argument)
    {
        Match match = MailArgument().Match(argument);
        if (!match.Success)
        {
            return 501;
        }

        if (match.Groups["size"].Success)
        {
            if (!_extended)
            {
                return 555;
            }

            if (decimal.Parse(match.Groups["size"].Value, CultureInfo.InvariantCulture) > limits.MessageSize)
            {
                return 552;
            }
        }

        string sender = match.Groups["path"].Value;
        if (sender == limits.RefusedMailbox || sender == limits.PostponedMailbox)
        {
            return sender == limits.RefusedMailbox ? 550 : 450;
        }

        // As EnvelopeText writes it.
        string size = match.Groups["size"].Value;
        _sender = $"<{sender}>" + (size.Length > 0 ? $" SIZE={decimal.Parse(size, CultureInfo.InvariantCulture)}" : "");
        return 250;
    }

    private int Recipient(string argument)
    {
        Match match = RecipientArgument().Match(argument);
        string recipient = match.Groups["path"].Value;
        if (match.Success && _recipients.Count >= limits.Recipients)
        {
            return 452;
        }

        if (!match.Success || recipient == limits.RefusedMailbox || recipient == limits.PostponedMailbox)
        {
            return !match.Success ? 501 : recipient == limits.RefusedMailbox ? 550 : 450;
        }

        _recipients.Add(recipient);
        return 250;
    }

    private int OutOfPlace => !_greeted || !InTransaction ? 503 : 554;

    private void Data(string argument)
    {
        if (!_greeted || _recipients.Count == 0 || _chunks is not null || argument.Length > 0)
        {
            Say(!_greeted || !InTransaction || _chunks is not null ? 503 : _recipients.Count == 0 ? 554 : 501);
            return;
        }

        Say(354);
        if (BodyOracle.Decode(_text[_position..]) is not { } body)
        {
            _position = _text.Length;
            return;
        }

        string wire = _text[_position..^body.Unread.Length];
        _position = _text.Length - body.Unread.Length;
        int refusal = body.SawBareLineEnding || wire.Contains('\0') ? 550 : body.Text.Length > limits.MessageSize ? 552 : 0;
        if (refusal == 0)
        {
            Deliver(body.Text);
        }
        else
        {
            EndTransaction();
            Say(refusal);
        }
    }

    // The default of what a session reads of refused bodies; of DATA's the scripts are too short to tell.
    private const long Discarded = 256 * 1024 * 1024;
    private long _discarded;

    private void Chunk(string argument, bool tooLong)
    {
        Match match = ChunkArgument().Match(argument);
        bool wellFormed = match.Success && decimal.Parse(match.Groups["size"].Value, CultureInfo.InvariantCulture) <= long.MaxValue;
        int refusal = tooLong ? 500 : !_greeted ? 503 : _recipients.Count == 0 ? OutOfPlace : !_extended ? 502 : wellFormed ? 0 : 501;
        if (!wellFormed)
        {
            // How many octets come cannot be known.
            Say(refusal);
            IsClosed = true;
            return;
        }

        long size = long.Parse(match.Groups["size"].Value, CultureInfo.InvariantCulture);
        if (refusal == 0 && size == 0 && !match.Groups["last"].Success && ++_unproductive > limits.Unproductive)
        {
            Say(421);
            return;
        }

        bool tooBig = refusal == 0 && size > limits.MessageSize - (_chunks?.Length ?? 0);
        if ((refusal != 0 || tooBig) && size > Discarded - _discarded)
        {
            // To drop so many would be in vain.
            Say(tooBig ? 552 : refusal);
            IsClosed = true;
            return;
        }

        int taken = (int)Math.Min(size, _text.Length - _position);
        string octets = _text.Substring(_position, taken);
        _position += taken;
        if (refusal != 0 || tooBig)
        {
            _discarded += taken;
            if (taken < size)
            {
                return;
            }

            if (tooBig || _chunks is not null)
            {
                EndTransaction();
            }

            Say(tooBig ? 552 : refusal);
            return;
        }

        if (taken < size)
        {
            return;
        }

        _chunks ??= new StringBuilder();
        _chunks.Append(octets);
        if (match.Groups["last"].Success)
        {
            Deliver(_chunks.ToString());
        }
        else
        {
            Say(250);
        }
    }

    private void Deliver(string content)
    {
        string envelope = $"from {_sender}{(_user is null ? "" : $" as {_user}")}";
        _messages.Add(new SessionMessage(string.Concat([envelope, .. _recipients.Select(recipient => $"\nto <{recipient}>")]), content));
        EndTransaction();
        _errors = 0;
        _unproductive = 0;
        _postponements = 0;
        Say(250);
    }

    private void Authenticate(string argument)
    {
        if (!_greeted || InTransaction || _user is not null)
        {
            Say(503);
            return;
        }

        string[] words = argument.Split(' ', 2);
        if (!words[0].Equals("PLAIN", StringComparison.OrdinalIgnoreCase))
        {
            Say(argument.Length == 0 ? 501 : 504);
            return;
        }

        string response = words.Length > 1 ? words[1] : "";
        if (words.Length == 1)
        {
            Say(334);
            if (!NextLine(inExchange: true, out response))
            {
                // No more came, or a line that was refused and ended the exchange.
                return;
            }
        }

        Respond(response);
    }

    private void Respond(string response)
    {
        if (response == "*")
        {
            Say(501);
            return;
        }

        string? message = Base64().IsMatch(response) ? Encoding.Latin1.GetString(Convert.FromBase64String(response)) : null;
        string[] fields = message?.Split('\0') ?? [];
        bool wellFormed = fields.Length == 3 && fields[1].Length > 0 && fields[2].Length > 0;
        if (wellFormed && users.GetValueOrDefault(fields[1]) == fields[2] && (fields[0].Length == 0 || fields[0] == fields[1]))
        {
            _user = fields[1];
            Say(235);
            return;
        }

        Say(++_failedLogins >= limits.FailedLogins ? 421 : wellFormed ? 535 : 501);
    }

    [GeneratedRegex(@"\A(?i)(EHLO|HELO|MAIL|RCPT|DATA|BDAT|RSET|NOOP|VRFY|HELP|QUIT|AUTH|STARTTLS)(?: (.*))?\z", RegexOptions.Singleline)]
    private static partial Regex Verb();

    [GeneratedRegex(@"\A(?:[A-Za-z0-9._-]+|\[[0-9]{1,3}(?:\.[0-9]{1,3}){3}\])\z")]
    private static partial Regex HelloName();

    [GeneratedRegex(@"\A(?i:FROM):<(?<path>|[a-z]+@[a-z]+(?:\.[a-z]+)*)>(?: +(?i:SIZE)=(?<size>[0-9]{1,20}))?\z")]
    private static partial Regex MailArgument();

    [GeneratedRegex(@"\A(?i:TO):<(?<path>[a-z]+@[a-z]+(?:\.[a-z]+)*|(?i:postmaster))>\z")]
    private static partial Regex RecipientArgument();

    [GeneratedRegex(@"\A(?<size>[0-9]{1,20})(?<last> (?i:LAST))?\z")]
    private static partial Regex ChunkArgument();

    [GeneratedRegex(@"\A(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{4}|[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)\z")]
    private static partial Regex Base64();
}
