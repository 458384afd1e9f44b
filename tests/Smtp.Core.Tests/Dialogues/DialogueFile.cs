using System.Globalization;
using System.Text;

namespace Smtp.Core.Tests;

/// <summary>Reads dialogue files; README.md beside them tells what their lines mean.</summary>
internal sealed class DialogueFile
{
    private readonly string _name;
    private readonly List<string> _fileSettings = [];
    private readonly List<DialogueStep> _fileSteps = [];
    private readonly List<DialogueScenario> _scenarios = [];
    private readonly List<string> _settings = [];
    private readonly List<DialogueStep> _steps = [];
    private readonly List<SessionMessage> _messages = [];
    private readonly StringBuilder _envelope = new();
    private readonly StringBuilder _content = new();
    private string? _scenario;

    private DialogueFile(string name) => _name = name;

    public static IReadOnlyList<DialogueScenario> Parse(string name, string text)
    {
        var file = new DialogueFile(name);
        int number = 0;
        foreach (string line in text.ReplaceLineEndings("\n").Split('\n'))
        {
            file.ReadLine(line, ++number);
        }

        file.EndScenario();
        return file._scenarios;
    }

    private void ReadLine(string line, int number)
    {
        switch (line)
        {
            case "" or ['#', ..]:
                break;
            case ['=', '=', ' ', .. var name]:
                EndScenario();
                _scenario = name;
                break;
            case ['@', .. var setting]:
                (_scenario is null ? _fileSettings : _settings).Add(setting);
                break;
            case "TLS":
                AddStep(DialogueStepKind.Tls, number, line, []);
                break;
            case "SHUTDOWN":
                AddStep(DialogueStepKind.Shutdown, number, line, []);
                break;
            case "TIMEOUT":
                AddStep(DialogueStepKind.Timeout, number, line, []);
                break;
            case "CLOSED":
                AddStep(DialogueStepKind.Closed, number, line, []);
                break;
            default:
                ReadPrefixed(line, number);
                break;
        }
    }

    private void ReadPrefixed(string line, int number)
    {
        // A prefix of two characters and a space; what has no text may have no space either.
        string text = line.Length > 3 ? line[3..] : "";
        switch (line.Length == 2 ? line : line.Length > 2 && line[2] == ' ' ? line[..2] : "")
        {
            case "C:":
                AddStep(DialogueStepKind.Client, number, text, [.. DialogueText.Decode(text), (byte)'\r', (byte)'\n']);
                break;
            case "R:":
                AddStep(DialogueStepKind.Client, number, text, DialogueText.Decode(text));
                break;
            case "S:":
                AddReply(number, Wire.Decode(DialogueText.Decode(text)));
                break;
            case "M:" when text.StartsWith("from ", StringComparison.Ordinal):
                EndMessage();
                _envelope.Append(text);
                break;
            case "M:" when text.StartsWith("to ", StringComparison.Ordinal):
                _envelope.Append('\n').Append(text);
                break;
            case "M|":
                _content.Append(Wire.Decode(DialogueText.Decode(text))).Append("\r\n");
                break;
            case "M&":
                _content.Append(Wire.Decode(DialogueText.Decode(text)));
                break;
            default:
                throw new DialogueException($"{_name}, line {number}: '{line}' is no line of a dialogue.");
        }
    }

    private void AddStep(DialogueStepKind kind, int line, string text, byte[] octets) =>
        (_scenario is null ? _fileSteps : _steps).Add(new DialogueStep(kind, line, text, octets));

    /// <summary><c>S: text</c>, or <c>S: (3 times) text</c></summary>
    private void AddReply(int number, string text)
    {
        const string Times = " times) ";
        int end = text.StartsWith('(') ? text.IndexOf(Times, StringComparison.Ordinal) : -1;
        int count = end < 0 ? 1 : int.Parse(text.AsSpan(1..end), CultureInfo.InvariantCulture);
        for (int i = 0; i < count; i++)
        {
            AddStep(DialogueStepKind.Server, number, end < 0 ? text : text[(end + Times.Length)..], []);
        }
    }

    private void EndMessage()
    {
        if (_envelope.Length > 0)
        {
            _messages.Add(new SessionMessage(_envelope.ToString(), _content.ToString()));
        }

        _envelope.Clear();
        _content.Clear();
    }

    private void EndScenario()
    {
        EndMessage();
        if (_scenario is not null)
        {
            var settings = DialogueSettings.Parse([.. _fileSettings, .. _settings]);
            DialogueStep[] steps = settings.FromTheStart ? [.. _steps] : [.. _fileSteps, .. _steps];
            _scenarios.Add(new DialogueScenario(_name, _scenario, settings, steps, [.. _messages]));
        }

        _settings.Clear();
        _steps.Clear();
        _messages.Clear();
    }
}
