using System.Globalization;
using Microsoft.Extensions.Logging;
using Smtp.Core;

namespace Smtp.Client;

/// <summary>What a client and its pool tell: logs, metrics, and the pool's exceptions, each with the server's name.</summary>
internal sealed class PoolDiagnostics(SmtpClientOptions options)
{
    private readonly ILogger _logger = options.LoggerFactory.CreateLogger("Smtp.Client.SmtpClient");

    // Tags are objects: boxed once, not for each message.
    private readonly KeyValuePair<string, object?> _address = new("server.address", options.Host);
    private readonly KeyValuePair<string, object?> _port = new("server.port", options.Port);

    internal void CountIdle(int change) => SmtpClientMetrics.Connections.Add(change, _address, _port, new("smtp.connection.state", "idle"));

    internal void CountUsed(int change) => SmtpClientMetrics.Connections.Add(change, _address, _port, new("smtp.connection.state", "used"));

    internal void CountWaiting(int change) => SmtpClientMetrics.Pending.Add(change, _address, _port);

    internal void Waited(TimeSpan time) => SmtpClientMetrics.WaitTime.Record(time.TotalSeconds, _address, _port);

    internal void Opened(TimeSpan time)
    {
        ClientLog.PoolOpened(_logger, options.Host, options.Port, time.TotalMilliseconds);
        SmtpClientMetrics.CreateTime.Record(time.TotalSeconds, _address, _port);
    }

    internal void OpenFailed(Exception error, TimeSpan time)
    {
        ClientLog.PoolOpenFailed(_logger, error, options.Host, options.Port);
        SmtpClientMetrics.CreateTime.Record(time.TotalSeconds, _address, _port, new("error.type", ErrorType(error)));
    }

    internal void Closed(PoolCloseReason reason, TimeSpan lasted, int uses)
    {
        ClientLog.PoolClosed(_logger, options.Host, options.Port, uses, reason);
        if (SmtpClientMetrics.Duration.Enabled)
        {
            SmtpClientMetrics.Duration.Record(lasted.TotalSeconds, _address, _port, new("smtp.close_reason", reason.ToString()));
        }
    }

    internal void Retrying(Exception? error)
    {
        ClientLog.Retrying(_logger, error, options.Host, options.Port);
        SmtpClientMetrics.Retries.Add(1, _address, _port);
    }

    internal void Closing(int inUse, int waiting) => ClientLog.PoolClosing(_logger, options.Host, options.Port, inUse, waiting);

    internal void BrokenOff(int connections) => ClientLog.PoolBrokenOff(_logger, options.Host, options.Port, connections);

    internal SmtpTransportException Overdue(TimeSpan waited, int connections, int opening)
    {
        ClientLog.PoolOverdue(_logger, options.Host, options.Port, waited.TotalSeconds, connections);
        SmtpClientMetrics.Timeouts.Add(1, _address, _port);
        return Failure(
            TransportFailure.PoolTimedOut,
            string.Create(
                CultureInfo.InvariantCulture,
                $"No connection came free in {waited.TotalSeconds:0.###} s; of {connections} (at most {options.MaximumConnections}), {opening} are being opened."));
    }

    internal SmtpTransportException Overcrowded(int waiting) =>
        Failure(TransportFailure.PoolOvercrowded, $"{waiting} sends wait for a connection already, and no more are allowed to.");

    internal SmtpTransportException ClientClosed() =>
        Failure(TransportFailure.ClientClosed, "The client was closed while the message waited for a connection.");

    /// <summary>Counts a send that has ended.</summary>
    internal void Sent(string outcome, Exception? error, SendResult? result, long? size, TimeSpan time)
    {
        KeyValuePair<string, object?> tag = new("smtp.outcome", outcome);
        SmtpClientMetrics.Messages.Add(1, _address, _port, tag);
        if (SmtpClientMetrics.SendDuration.Enabled)
        {
            if (error is null)
            {
                SmtpClientMetrics.SendDuration.Record(time.TotalSeconds, _address, _port, tag);
            }
            else
            {
                SmtpClientMetrics.SendDuration.Record(time.TotalSeconds, [_address, _port, tag, new("error.type", ErrorType(error))]);
            }
        }

        if (outcome is SendOutcome.Accepted or SendOutcome.Partial && size is { } octets)
        {
            SmtpClientMetrics.Size.Record(octets, _address, _port);
        }

        if (SmtpClientMetrics.Recipients.Enabled && result is not null)
        {
            CountRecipients(result, DeliveryOutcome.Accepted, "accepted");
            CountRecipients(result, DeliveryOutcome.TransientFailure, "transient");
            CountRecipients(result, DeliveryOutcome.PermanentFailure, "permanent");
            CountRecipients(result, DeliveryOutcome.Uncertain, "uncertain");
        }
    }

    /// <summary>A failure in a word of which there are few.</summary>
    internal static string ErrorType(Exception error) => error switch
    {
        SmtpTransportException transport => transport.Failure.ToString(),
        SmtpReplyException { Violation: not PeerViolation.None } reply => reply.Violation.ToString(),
        SmtpReplyException { Reply.IsNone: false } reply => reply.Reply.Code.ToString(CultureInfo.InvariantCulture),
        _ => error.GetType().Name,
    };

    private void CountRecipients(SendResult result, DeliveryOutcome outcome, string name)
    {
        int count = result.Recipients.CountOf(outcome);
        if (count > 0)
        {
            SmtpClientMetrics.Recipients.Add(count, _address, _port, new("smtp.outcome", name));
        }
    }

    private SmtpTransportException Failure(TransportFailure failure, string message) =>
        new(failure, message, options.Host, options.Port, SmtpStage.None, null, null);
}
