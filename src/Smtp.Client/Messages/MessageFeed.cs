using System.Diagnostics.CodeAnalysis;

namespace Smtp.Client;

/// <summary>
/// Where a connection gets messages from that it sends one behind the other, at most two at a time: one whose final reply is owed, and one
/// whose envelope was sent behind it. Called by the connection only, one call at a time.
/// </summary>
internal abstract class MessageFeed
{
    private SmtpMessage? _first;
    private SendResult? _firstResult;
    private SmtpMessage? _second;
    private SendResult? _secondResult;

    /// <summary>Takes the next message.</summary>
    /// <param name="message">The message.</param>
    /// <param name="result">What is filled with what becomes of it.</param>
    /// <returns>Whether there is one now. After an answer of no, the run ends when what was taken is done.</returns>
    internal abstract bool TryTake([NotNullWhen(true)] out SmtpMessage? message, [NotNullWhen(true)] out SendResult? result);

    /// <summary>A message that was taken is done with.</summary>
    /// <param name="message">The message.</param>
    /// <param name="result">What is known of it.</param>
    /// <param name="error">
    /// <see langword="null"/> if the result says it all; an <see cref="ArgumentException"/> if the message was not begun, as its envelope is
    /// wrong, and the connection goes on; else what ended the connection while the message was under way.
    /// </param>
    protected abstract void OnDone(SmtpMessage message, SendResult result, Exception? error);

    /// <summary>The message that was taken and is not begun. When a run has ended early it is another connection's.</summary>
    internal SmtpMessage? Waiting { get; private set; }

    internal SendResult? WaitingResult { get; private set; }

    /// <summary>While the end of a connection is told: whether it is told to the message behind the one that went first.</summary>
    protected bool IsBehind { get; private set; }

    /// <summary>Takes a message if none waits.</summary>
    internal bool TryWait()
    {
        if (Waiting is null && TryTake(out SmtpMessage? message, out SendResult? result))
        {
            Waiting = message;
            WaitingResult = result;
        }

        return Waiting is not null;
    }

    /// <summary>The waiting message was begun.</summary>
    /// <param name="isDecided">Whether it was refused by the client itself, without the server.</param>
    internal void Begin(bool isDecided)
    {
        SmtpMessage message = Waiting!;
        SendResult result = WaitingResult!;
        Waiting = null;
        WaitingResult = null;
        if (isDecided)
        {
            OnDone(message, result, null);
        }
        else if (_first is null)
        {
            _first = message;
            _firstResult = result;
        }
        else
        {
            _second = message;
            _secondResult = result;
        }
    }

    /// <summary>The waiting message cannot be begun.</summary>
    internal void Refuse(Exception error)
    {
        SmtpMessage message = Waiting!;
        SendResult result = WaitingResult!;
        Waiting = null;
        WaitingResult = null;
        OnDone(message, result, error);
    }

    /// <summary>The first message is decided.</summary>
    /// <returns>The one behind it, whose envelope was sent; <see langword="null"/> if there is none.</returns>
    internal SmtpMessage? Complete()
    {
        SmtpMessage? decided = _first;
        SendResult? result = _firstResult;
        _first = _second;
        _firstResult = _secondResult;
        _second = null;
        _secondResult = null;
        if (decided is not null)
        {
            OnDone(decided, result!, null);
        }

        return _first;
    }

    /// <summary>The connection has ended: what was under way is done with.</summary>
    /// <param name="error">Why; <see langword="null"/> if the server has said it in a reply, which is in the results.</param>
    internal void End(Exception? error)
    {
        for (int i = 0; i < 2 && _first is not null; i++)
        {
            (SmtpMessage message, SendResult result) = (_first, _firstResult!);
            (_first, _firstResult, _second, _secondResult) = (_second, _secondResult, null, null);
            IsBehind = i > 0;
            OnDone(message, result, error);
        }

        IsBehind = false;
    }

    /// <summary>Takes the waiting message back, which is not begun.</summary>
    internal void Withdraw()
    {
        Waiting = null;
        WaitingResult = null;
    }

    /// <summary>The result of the message that goes first; <see langword="null"/> if none is under way.</summary>
    internal SendResult? FirstResult => _firstResult;
}
