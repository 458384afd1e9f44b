namespace Smtp.Core;

/// <summary>What became of a message for one recipient. Valid until its <see cref="TransactionReport"/> is filled anew.</summary>
public readonly struct RecipientReport
{
    internal RecipientReport(SmtpPath forwardPath, DeliveryOutcome outcome, SmtpStage stage, SendRefusal refusal, ReceivedReply reply)
    {
        ForwardPath = forwardPath;
        Outcome = outcome;
        Stage = stage;
        Refusal = refusal;
        Reply = reply;
    }

    /// <summary>The recipient.</summary>
    public SmtpPath ForwardPath { get; }

    /// <summary>What became of it.</summary>
    public DeliveryOutcome Outcome { get; }

    /// <summary>Where it was decided: the command that <see cref="Reply"/> answers, or where the connection broke.</summary>
    public SmtpStage Stage { get; }

    /// <summary>Why the client itself did not send it; <see cref="SendRefusal.None"/> if the server or the connection decided.</summary>
    public SendRefusal Refusal { get; }

    /// <summary>The reply that decided; none if the client refused or the connection broke.</summary>
    public ReceivedReply Reply { get; }

    /// <summary>The enhanced status: the reply's, or that of <see cref="Refusal"/>; <see cref="EnhancedStatus.None"/> if neither has one.</summary>
    public EnhancedStatus Status => Refusal != SendRefusal.None ? Refusal.ToStatus() : Reply.Status;

    /// <summary>Recipient, outcome, stage and reason on one line.</summary>
    public override string ToString() =>
        $"<{ForwardPath}> {Outcome} at {Stage}{(Refusal != SendRefusal.None ? ": " + Refusal.ToText() : Reply.IsNone ? string.Empty : ": " + Reply)}";
}
