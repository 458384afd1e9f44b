using System.Diagnostics;
using System.Net;
using Smtp.Core;

namespace Smtp.Server;

/// <summary>The activity source "Smtp.Server": one activity for each message, from DATA or the first BDAT to its reply.</summary>
internal static class SmtpServerActivity
{
    internal const string SourceName = "Smtp.Server";

    private static readonly ActivitySource Source = new(SourceName);

    /// <summary>Starts an activity if anybody listens.</summary>
    internal static Activity? StartMessage(SmtpSessionContext session, Envelope envelope)
    {
        if (!Source.HasListeners())
        {
            return null;
        }

        Activity? activity = Source.StartActivity("smtp receive", ActivityKind.Server);
        if (activity is not null)
        {
            activity.SetTag("messaging.system", "smtp");
            activity.SetTag("messaging.operation.type", "receive");
            activity.SetTag("smtp.connection.id", session.ConnectionId);
            activity.SetTag("smtp.recipient.count", envelope.RecipientCount);
            if (session.RemoteEndPoint is IPEndPoint remote)
            {
                activity.SetTag("network.peer.address", remote.Address.ToString());
                activity.SetTag("network.peer.port", remote.Port);
            }
        }

        return activity;
    }

    /// <summary>Ends an activity.</summary>
    internal static void EndMessage(Activity? activity, long size, bool accepted, int replyCode)
    {
        if (activity is null)
        {
            return;
        }

        activity.SetTag("messaging.message.body.size", size);
        if (replyCode > 0)
        {
            activity.SetTag("smtp.reply_code", replyCode);
        }

        activity.SetStatus(accepted ? ActivityStatusCode.Ok : ActivityStatusCode.Error);
        activity.Dispose();
    }
}
