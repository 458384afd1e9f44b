using System.Diagnostics.CodeAnalysis;
using Smtp.Core;

namespace Smtp.Client;

/// <content>What the connection asks for and tells: the jobs as a feed of messages, and what becomes of each.</content>
internal sealed partial class ConnectionRunner
{
    private const int ServiceClosing = 421;

    /// <summary>Takes the next job: one that was left over from another connection, or the head of the queue.</summary>
    internal override bool TryTake([NotNullWhen(true)] out SmtpMessage? message, [NotNullWhen(true)] out SendResult? result)
    {
        message = null;
        result = null;
        while (!slot.Connection!.HasEnded)
        {
            SendJob job;
            lock (_lock)
            {
                if (_next.Count > 0)
                {
                    job = _next[0];
                    _next.RemoveAt(0);
                }
                else if (pool.TryTakeWaiter(slot, _underWay.Count) is SendJob waiting)
                {
                    job = waiting;
                }
                else
                {
                    return false;
                }

                if (job.TryAdopt(this))
                {
                    _underWay.Add(job);
                    Release();
                    message = job.Message;
                    result = job.Working;
                }
            }

            if (message is not null && result is not null)
            {
                job.CountWait();
                return true;
            }

            // Cancelled between the queue and here.
            TellCancelled(job);
        }

        return false;
    }

    /// <inheritdoc/>
    protected override bool TryHold(SendResult result)
    {
        lock (_lock)
        {
            int index = IndexUnderWay(result);
            if (_underWay[index].IsAbandoned)
            {
                // Its caller was told, and may have changed it.
                _underWay.RemoveAt(index);
                return false;
            }

            _underWay[index].IsHeld = true;
            _holds = true;
            return true;
        }
    }

    /// <inheritdoc/>
    internal override void LetGo()
    {
        if (!_holds)
        {
            return;
        }

        _holds = false;
        List<SendJob>? untold = null;
        lock (_lock)
        {
            foreach (SendJob job in _underWay)
            {
                if (job is { IsHeld: true, IsAbandoned: true })
                {
                    (untold ??= []).Add(job);
                }

                job.IsHeld = false;
            }
        }

        untold?.ForEach(TellCancelled);
    }

    /// <inheritdoc/>
    internal override bool TryCommit(SendResult result)
    {
        lock (_lock)
        {
            SendJob job = _underWay[IndexUnderWay(result)];
            if (!job.IsCommitted && (job.IsAbandoned || slot.Connection!.HasEnded))
            {
                return false;
            }

            job.IsCommitted = true;
            return true;
        }
    }

    /// <inheritdoc/>
    protected override void OnDone(SmtpMessage message, SendResult result, Exception? error)
    {
        SmtpConnection connection = slot.Connection!;
        SendJob job;
        bool isAbandoned;
        bool isUntold;
        _toldError = error;
        lock (_lock)
        {
            job = TakeUnderWay(result);
            isAbandoned = job.IsAbandoned;
            isUntold = isAbandoned && job.IsHeld;
            if (!isAbandoned && HasLostItsConnection(job, error, connection) && MaySendAnew(job, connection))
            {
                job.Retry(error);
                _next.Add(job);
                return;
            }
        }

        if (isUntold)
        {
            TellCancelled(job);
        }
        else if (!isAbandoned)
        {
            job.Decide(error);
        }

        bool isToBeCut = false;
        lock (_lock)
        {
            if (!isAbandoned)
            {
                Release();
                _lastDone = job;
            }

            if (_underWay.Count > 0)
            {
                Release();

                // One that was not begun is only forgotten: see TryHold.
                isToBeCut = _underWay[0] is { IsAbandoned: true, IsCommitted: false } next
                    && next.Working != WaitingResult
                    && connection.TryMarkCancelled();
            }
        }

        if (isToBeCut)
        {
            connection.Cut();
        }
    }

    /// <summary>Whether it was the connection that failed, and not the message.</summary>
    private static bool HasLostItsConnection(SendJob job, Exception? error, SmtpConnection connection) => error switch
    {
        null => WasClosedEarly(job.Working),
        SmtpConnectionException => true,

        // Another message was cancelled, and took the connection with it.
        OperationCanceledException => connection.IsCancelled,
        _ => false,
    };

    private bool MaySendAnew(SendJob job, SmtpConnection connection) =>
        ((!job.IsRetried && !job.IsOnFreshConnection) || connection.HasAnswered || connection.IsCancelled)
        && !job.IsCancelled
        && (IsBehind || !connection.HasReadContent)
        && job.Working.Recipients.CountOf(DeliveryOutcome.Accepted) == 0
        && job.Working.Recipients.CountOf(DeliveryOutcome.Uncertain) == 0;

    /// <summary>Whether the server has said 421 before the message was complete. Said to the end of data, it is the answer to this message.</summary>
    private static bool WasClosedEarly(SendResult result)
    {
        for (int i = 0; i < result.Recipients.Count; i++)
        {
            RecipientReport recipient = result.Recipients[i];
            if (!recipient.Reply.IsNone && recipient.Reply.Code == ServiceClosing && recipient.Stage < SmtpStage.FinalReply)
            {
                return true;
            }
        }

        return false;
    }
}
