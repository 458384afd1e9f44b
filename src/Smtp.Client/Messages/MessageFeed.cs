using System.Diagnostics.CodeAnalysis;

namespace Smtp.Client;

/// <summary>
/// Where a connection gets messages from that it sends one behind the other: those under way, in the order in which they were begun and are
/// answered, and one that was taken and not begun. Called by the connection only, one call at a time.
/// </summary>
internal abstract class MessageFeed
{
    private readonly Queue<(SmtpMessage Message, SendResult Result)> _underWay = new();

    /// <summary>Takes the next message.</summary>
    /// <param name="message">The message.</param>
    /// <param name="result">What is filled with what becomes of it.</param>
    /// <returns>Whether there is one now. After an answer of no, the run ends when what was taken is done.</returns>
    internal abstract bool TryTake([NotNullWhen(true)] out SmtpMessage? message, [NotNullWhen(true)] out SendResult? result);

    /// <summary>The connection is about to look at a message that was taken and is not begun.</summary>
    /// <param name="result">Its result.</param>
    /// <returns>
    /// Whether it is wanted still: then message and envelope stay as they are until <see cref="LetGo"/>, or it is done. If not, it is forgotten.
    /// </returns>
    protected virtual bool TryHold(SendResult result) => true;

    /// <summary>What was to be written so far of the messages that were taken is written: the connection does not look at those that it has not done.</summary>
    internal virtual void LetGo()
    {
    }

    /// <summary>
    /// A message that was taken is about to be sent to its last octet, so that the server may take it, or another may go out behind it: from here on it is not
    /// taken back.
    /// </summary>
    /// <param name="result">Its result.</param>
    /// <returns>Whether it is to be sent at all; if not, it is not wanted any more.</returns>
    internal virtual bool TryCommit(SendResult result) => true;

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

    /// <summary>How many messages were begun and are not done.</summary>
    internal int Count => _underWay.Count;

    /// <summary>The message that was begun last, whose body is due or was sent; <see langword="null"/> if none is under way.</summary>
    internal SmtpMessage? Last { get; private set; }

    /// <summary>The result of <see cref="Last"/>.</summary>
    internal SendResult? LastResult { get; private set; }

    /// <summary>The result of the message that goes first; <see langword="null"/> if none is under way.</summary>
    internal SendResult? FirstResult => _underWay.TryPeek(out (SmtpMessage Message, SendResult Result) first) ? first.Result : null;

    /// <summary>While the end of a connection is told: whether it is told to a message behind the one that went first.</summary>
    protected bool IsBehind { get; private set; }

    /// <summary>Takes a message if none waits that is wanted still.</summary>
    internal bool TryWait()
    {
        while (true)
        {
            if (Waiting is null)
            {
                if (!TryTake(out SmtpMessage? message, out SendResult? result))
                {
                    return false;
                }

                Waiting = message;
                WaitingResult = result;
            }

            if (TryHold(WaitingResult!))
            {
                return true;
            }

            Withdraw();
        }
    }

    /// <summary>The waiting message was begun.</summary>
    /// <param name="isDecided">Whether it was refused by the client itself, without the server.</param>
    internal void Begin(bool isDecided)
    {
        SmtpMessage message = Waiting!;
        SendResult result = WaitingResult!;
        Withdraw();
        if (isDecided)
        {
            OnDone(message, result, null);
        }
        else
        {
            _underWay.Enqueue((message, result));
            Last = message;
            LastResult = result;
        }
    }

    /// <summary>The waiting message cannot be begun.</summary>
    internal void Refuse(Exception error)
    {
        SmtpMessage message = Waiting!;
        SendResult result = WaitingResult!;
        Withdraw();
        OnDone(message, result, error);
    }

    /// <summary>The first message, if there is one, is decided.</summary>
    internal void Complete()
    {
        if (TryRemoveFirst(out SmtpMessage? message, out SendResult? result))
        {
            OnDone(message, result, null);
        }
    }

    /// <summary>The connection has ended: what was under way is done with.</summary>
    /// <param name="error">Why; <see langword="null"/> if the server has said it in a reply, which is in the results.</param>
    internal void End(Exception? error)
    {
        while (TryRemoveFirst(out SmtpMessage? message, out SendResult? result))
        {
            OnDone(message, result, error);
            IsBehind = true;
        }

        IsBehind = false;
    }

    /// <summary>Takes the waiting message back, which is not begun.</summary>
    internal void Withdraw()
    {
        Waiting = null;
        WaitingResult = null;
    }

    private bool TryRemoveFirst([NotNullWhen(true)] out SmtpMessage? message, [NotNullWhen(true)] out SendResult? result)
    {
        if (!_underWay.TryDequeue(out (SmtpMessage Message, SendResult Result) first))
        {
            (message, result) = (null, null);
            return false;
        }

        (message, result) = first;
        if (_underWay.Count == 0)
        {
            (Last, LastResult) = (null, null);
        }

        return true;
    }
}
