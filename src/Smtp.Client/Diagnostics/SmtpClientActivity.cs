using System.Diagnostics;
using Smtp.Core;

namespace Smtp.Client;

/// <summary>The activity source "Smtp.Client": one activity for each send, waiting for a connection included.</summary>
internal static class SmtpClientActivity
{
    internal const string SourceName = "Smtp.Client";

    private static readonly ActivitySource Source = new(SourceName);

    /// <summary>Starts an activity if anybody listens.</summary>
    internal static Activity? StartSend(SmtpClientOptions options, SmtpMessage message)
    {
        if (!Source.HasListeners())
        {
            return null;
        }

        // The caller's own activity stays the current one: this one goes on when the caller has its task already.
        Activity? current = Activity.Current;
        Activity? activity = Source.StartActivity("smtp send", ActivityKind.Client);
        Activity.Current = current;
        if (activity is not null)
        {
            activity.SetTag("messaging.system", "smtp");
            activity.SetTag("messaging.operation.type", "send");
            activity.SetTag("messaging.operation.name", "send");
            activity.SetTag("server.address", options.Host);
            activity.SetTag("server.port", options.Port);
            activity.SetTag("smtp.recipient.count", message.Envelope.Recipients.Count);
            if (message.Content.Length is { } length)
            {
                activity.SetTag("messaging.message.body.size", length);
            }
        }

        return activity;
    }

    /// <summary>Tells that the message is sent anew over a fresh connection.</summary>
    internal static void AddRetry(Activity? activity) => activity?.AddEvent(new ActivityEvent("smtp.retry"));

    /// <summary>Ends an activity.</summary>
    internal static void EndSend(Activity? activity, string outcome, Exception? error, SendResult result)
    {
        if (activity is null)
        {
            return;
        }

        activity.SetTag("smtp.outcome", outcome);
        if (result.Tls is { } tls)
        {
            activity.SetTag("tls.protocol.version", tls.Protocol.ToString());
        }

        if (error is not null)
        {
            activity.SetTag("error.type", PoolDiagnostics.ErrorType(error));
        }

        // The first reply that is a refusal says the most.
        RecipientReport? told = null;
        foreach (RecipientReport recipient in result.Recipients)
        {
            if (!recipient.Reply.IsNone && (told is null || (told.Value.Outcome == DeliveryOutcome.Accepted && recipient.Outcome != DeliveryOutcome.Accepted)))
            {
                told = recipient;
            }
        }

        if (told is { } report)
        {
            activity.SetTag("smtp.reply_code", report.Reply.Code);
        }

        activity.SetStatus(outcome == SendOutcome.Accepted ? ActivityStatusCode.Ok : ActivityStatusCode.Error, error?.Message);
        // Ending an activity makes its parent the current one, but whoever runs here is not the caller.
        Activity? current = Activity.Current;
        activity.Dispose();
        Activity.Current = current;
    }
}
