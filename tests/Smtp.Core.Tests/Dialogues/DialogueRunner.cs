using System.Text;

namespace Smtp.Core.Tests;

/// <summary>Plays one scenario against a session and compares what it says with the file.</summary>
internal sealed class DialogueRunner
{
    private readonly DialogueScenario _scenario;
    private readonly DialogueDelivery _delivery;
    private readonly SessionDriver _driver;
    private readonly List<DialogueStep> _pending = [];
    private readonly List<DialogueStep> _expected = [];
    private int _checked;

    private DialogueRunner(DialogueScenario scenario, DialogueDelivery delivery)
    {
        _scenario = scenario;
        _delivery = delivery;
        _driver = new SessionDriver(scenario.Settings.BuildProfile(), scenario.Settings.Policy, scenario.Settings.IsTls);
    }

    /// <summary>Plays a scenario.</summary>
    /// <exception cref="DialogueException">The server did not do what the file says.</exception>
    public static void Run(DialogueScenario scenario, DialogueDelivery delivery) => new DialogueRunner(scenario, delivery).Run();

    private bool IsWhole => _delivery is DialogueDelivery.Whole or DialogueDelivery.WholeInSegments;

    private void Run()
    {
        bool closed = false;
        foreach (DialogueStep step in _scenario.Steps)
        {
            // Steps that end what may come in one read, and what the file expects up to here.
            if (step.IsBarrier || (!IsWhole && step.Kind == DialogueStepKind.Client && _expected.Count > 0))
            {
                Compare();
            }

            switch (step.Kind)
            {
                case DialogueStepKind.Client when IsWhole:
                    _pending.Add(step);
                    break;
                case DialogueStepKind.Client:
                    Send([step]);
                    break;
                case DialogueStepKind.Server:
                    _expected.Add(step);
                    break;
                case DialogueStepKind.Closed:
                    closed = true;
                    Compare();
                    CheckClosed(step.Line, closed);
                    break;
                case DialogueStepKind.Tls when !_driver.AwaitsTls:
                    throw Failure(step.Line, "The client wants to shake hands, and the server does not.");
                case DialogueStepKind.Tls:
                    _driver.ShakeHands();
                    break;
                default:
                    _driver.Terminate(step.Kind == DialogueStepKind.Shutdown ? Replies.ShuttingDown : Replies.TimedOut);
                    break;
            }
        }

        Compare();
        CheckClosed(_scenario.Steps.Count == 0 ? 0 : _scenario.Steps[^1].Line, closed);
        CompareMessages();
    }

    private void Send(List<DialogueStep> steps)
    {
        byte[] octets = [.. steps.SelectMany(step => step.Octets)];
        if (_delivery != DialogueDelivery.OctetByOctet)
        {
            _driver.Receive(octets, _delivery == DialogueDelivery.WholeInSegments);
            return;
        }

        for (int i = 0; i < octets.Length; i++)
        {
            _driver.Receive(octets.AsSpan(i, 1));
        }
    }

    /// <summary>Compares all that was said since the last comparison, with what the file says up to here.</summary>
    private void Compare()
    {
        if (_pending.Count > 0)
        {
            Send(_pending);
            _pending.Clear();
        }

        string output = _driver.Output[_checked..];
        _checked += output.Length;
        string[] lines = output.Split("\r\n");
        if (lines[^1].Length > 0 || lines.Any(line => line.AsSpan().ContainsAny('\r', '\n')))
        {
            throw Failure(_expected.Count > 0 ? _expected[0].Line : 0, $"Not all lines end with CRLF: {Wire.Show(Wire.Encode(output))}");
        }

        string[] said = lines[..^1];
        bool same = said.Length == _expected.Count && _expected.Zip(said).All(pair => pair.First.Accepts(pair.Second));
        if (!same)
        {
            throw Failure(_expected.Count > 0 ? _expected[0].Line : 0, Difference(said));
        }

        _expected.Clear();
    }

    private void CheckClosed(int line, bool expected)
    {
        if (_driver.IsClosed != expected)
        {
            throw Failure(line, expected ? "The server should have closed the connection." : "The server has closed the connection.");
        }
    }

    private void CompareMessages()
    {
        string expected = string.Join('\n', _scenario.Messages);
        string delivered = string.Join('\n', _driver.Messages);
        if (expected != delivered)
        {
            throw Failure(0, $"Other messages were delivered:\n{Marked('-', expected)}{Marked('+', delivered)}");
        }
    }

    private string Difference(string[] said)
    {
        var text = new StringBuilder("The server said something else (- the file, + the server):\n");
        for (int i = 0; i < Math.Max(said.Length, _expected.Count); i++)
        {
            if (i < said.Length && i < _expected.Count && _expected[i].Accepts(said[i]))
            {
                text.Append("  S: ").Append(said[i]).Append('\n');
                continue;
            }

            text.Append(i < _expected.Count ? $"- S: {_expected[i].Text}\n" : "");
            text.Append(i < said.Length ? $"+ S: {said[i]}\n" : "");
        }

        return text.ToString();
    }

    private static string Marked(char mark, string lines) =>
        lines.Length == 0 ? "" : string.Concat(lines.Split('\n').Select(line => $"{mark} M: {line}\n"));

    private DialogueException Failure(int line, string text) =>
        new($"{_scenario.File}{(line > 0 ? $", line {line}" : "")}, \"{_scenario.Name}\", {_delivery}:\n{text}");
}
