using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Logging;
using Relay.Spool;
using Smtp.Core;

namespace Relay.Delivery;

/// <summary>
/// Books what comes back to a return path of this relay: bounces, delays and deliveries that other systems report later, and complaints. The address alone says
/// which message and recipient it is about, whatever the report's text: who has not its signature books nothing.
/// </summary>
public sealed partial class InboundReports
{
    private readonly ISpool _spool;
    private readonly Func<DeliverySettings> _settings;
    private readonly ILogger _logger;

    internal InboundReports(ISpool spool, Func<DeliverySettings> settings, ILogger logger)
    {
        _spool = spool;
        _settings = settings;
        _logger = logger;
    }

    /// <summary>Whether return paths are made, and so reports are taken.</summary>
    internal bool IsOn => _settings().Verp is not null;

    /// <summary>Whether an address is in the domain of return paths, genuine or not.</summary>
    internal bool IsOurs(SmtpPath path) =>
        _settings().Verp is { } verp && Encoding.UTF8.GetString(path.Domain).Equals(verp.Domain, StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether this relay made an address.</summary>
    internal bool IsGenuine(SmtpPath path) => TryRead(path.ToString(), out _, out _);

    /// <summary>
    /// Books a report: (1) finds what it is about, (2) reads it, (3) suppresses the address by the rules of any other bounce, (4) tells the sender, who would
    /// have got the bounce without the return path, and (5) appends the event last, so that a store that fails before it has all of it done again.
    /// </summary>
    /// <param name="address">The return path that it came to.</param>
    /// <param name="isFromNobody">Whether it came from the null path, as a notification must (RFC 3464 §2).</param>
    /// <param name="content">The report, or its first part.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>Whether something was booked.</returns>
    /// <exception cref="SpoolException">The store fails: it is to be sent again.</exception>
    internal async Task<bool> BookAsync(string address, bool isFromNobody, Stream content, CancellationToken cancellationToken)
    {
        // (1)
        if (!TryRead(address, out MessageId id, out int index)
            || await _spool.FindAsync(id, cancellationToken).ConfigureAwait(false) is not { } message
            || (await _spool.RecipientsAsync(id, cancellationToken).ConfigureAwait(false)).FirstOrDefault(r => r.Index == index) is not { } recipient)
        {
            DeliveryLog.ReportUnknown(_logger, address);
            return false;
        }

        // (2)
        InboundReport report = await ReportReader.ReadAsync(content, cancellationToken).ConfigureAwait(false);
        if (report.IsComplaint)
        {
            return await BookComplaintAsync(message, recipient, cancellationToken).ConfigureAwait(false);
        }

        ReportedRecipient? reported = report.Recipients.FirstOrDefault(r => r.Address.Equals(recipient.ForwardPath, StringComparison.OrdinalIgnoreCase))
            ?? (report.Recipients is [var first, ..] ? first : null)
            ?? (isFromNobody && !report.IsAutomaticAnswer ? Guess(report.Text) : null);
        if (reported is null)
        {
            DeliveryLog.ReportSaysNothing(_logger, id, recipient.ForwardPath);
            return false;
        }

        // (3)
        Classification failure = Classify(reported);
        SpoolEventType type = reported.Action switch
        {
            NotificationAction.Failed => SpoolEventType.Bounced,
            NotificationAction.Delayed => SpoolEventType.Deferred,
            _ => SpoolEventType.Delivered,
        };
        var reply = new RecipientReply(reported.Code, reported.Status.ToString(), reported.Text, reported.RemoteHost);
        if (await WasBookedAsync(id, index, type, reply, cancellationToken).ConfigureAwait(false))
        {
            return false;
        }

        DeliverySettings settings = _settings();
        if (type == SpoolEventType.Bounced && failure.Suppresses && settings.Suppress)
        {
            await SuppressAsync(recipient, id, "bounce", $"{reply.Code} {reply.Enhanced} {reply.Text}".TrimStart('0', ' '), cancellationToken).ConfigureAwait(false);
        }

        // (4)
        if (type == SpoolEventType.Bounced)
        {
            await TellAsync(message, recipient, failure, reply, settings, cancellationToken).ConfigureAwait(false);
        }

        // (5)
        bool isGood = type == SpoolEventType.Delivered;
        await _spool.AppendEventsAsync(
            [new NewEvent(id, index, type, isGood ? BounceClass.None : failure.IsPermanent ? BounceClass.Hard : BounceClass.Soft, isGood ? string.Empty : failure.Reason.ToWord(), reply)],
            cancellationToken).ConfigureAwait(false);
        DeliveryLog.ReportBooked(_logger, id, recipient.ForwardPath, type, failure.Reason.ToWord(), reply.Text);
        return true;
    }

    private bool TryRead(string address, out MessageId id, out int index)
    {
        id = default;
        index = 0;
        return _settings().Verp is { } verp
            && new VerpAddress(verp.Domain, verp.Key.Span).TryRead(address, out string text, out index)
            && MessageId.TryParse(text, out id);
    }

    private async Task<bool> BookComplaintAsync(StoredMessage message, StoredRecipient recipient, CancellationToken cancellationToken)
    {
        if (await WasBookedAsync(message.Id, recipient.Index, SpoolEventType.Complained, null, cancellationToken).ConfigureAwait(false))
        {
            return false;
        }

        if (_settings().Suppress)
        {
            await SuppressAsync(recipient, message.Id, "complaint", "The recipient marked a message as spam", cancellationToken).ConfigureAwait(false);
        }

        await _spool.AppendEventsAsync([new NewEvent(message.Id, recipient.Index, SpoolEventType.Complained)], cancellationToken).ConfigureAwait(false);
        DeliveryLog.ReportBooked(_logger, message.Id, recipient.ForwardPath, SpoolEventType.Complained, "complaint", string.Empty);
        return true;
    }

    /// <summary>A report that comes twice, as SMTP may deliver it, is one; of a recipient there is one bounce, whatever comes behind it.</summary>
    private async Task<bool> WasBookedAsync(MessageId id, int index, SpoolEventType type, RecipientReply? reply, CancellationToken cancellationToken)
    {
        foreach (SpoolEvent known in await _spool.EventsAsync(id, cancellationToken).ConfigureAwait(false))
        {
            if (known.RecipientIndex == index && known.Type == type
                && (type is SpoolEventType.Bounced or SpoolEventType.Complained || (known.Reply.Text == reply?.Text && known.Reply.Host == reply.Host)))
            {
                return true;
            }
        }

        return false;
    }

    private async Task SuppressAsync(StoredRecipient recipient, MessageId id, string reason, string detail, CancellationToken cancellationToken) =>
        await _spool.Suppressions.AddAsync([new Suppression(recipient.ForwardPath, reason, detail, _spool.Clock.GetUtcNow(), id)], cancellationToken).ConfigureAwait(false);

    private async Task TellAsync(
        StoredMessage message, StoredRecipient recipient, Classification failure, RecipientReply reply, DeliverySettings settings, CancellationToken cancellationToken)
    {
        MessageFacts facts = message.Facts;
        if (!NotificationWriter.IsWanted(NotificationAction.Failed, recipient.Notify, facts.ReversePath))
        {
            return;
        }

        DateTimeOffset now = _spool.Clock.GetUtcNow();
        string diagnostic = reply.Code == 0 ? string.Empty : string.Create(CultureInfo.InvariantCulture, $"{reply.Code} {reply.Enhanced} {reply.Text}");
        byte[] notification = new NotificationWriter(settings.HostName, _spool.Clock).Write(
            NotificationAction.Failed,
            new NotifiedMessage(message.Id.ToString(), facts.ReversePath, facts.EnvelopeId, DsnReturn.Headers, message.AcceptedAt, Encoding.UTF8.GetBytes($"Subject: {facts.Subject}\r\n")),
            [
                new NotifiedRecipient(
                    recipient.ForwardPath, recipient.OriginalRecipient, (failure.Status with { Class = 5 }).ToString(), diagnostic, reply.Host,
                    reply.Code == 0 && reply.Text.Length > 0 ? reply.Text : "taken at first, and returned later", now),
            ]);
        await _spool.EnqueueAsync(Booking.ToMessage(_spool, notification, facts, settings, "Undelivered mail returned to sender"), cancellationToken).ConfigureAwait(false);
    }

    private static Classification Classify(ReportedRecipient reported)
    {
        bool isFailure = reported.Action == NotificationAction.Failed;
        EnhancedStatus status = reported.Status.Class is 4 or 5 ? reported.Status : EnhancedStatus.None;

        // What failed by a status of 4.y.z was given up after a time: the address is not at fault.
        int code = reported.Code >= 400 ? reported.Code : isFailure && status.Class != 4 ? 550 : 450;
        Classification failure = ReplyClassifier.Of(code, status, reported.Text, SmtpStage.Recipient);
        bool isHard = isFailure && status.Class != 4 && failure.IsPermanent;
        return failure with { IsPermanent = isHard, Suppresses = isHard && failure.Suppresses && (reported.Code >= 500 || !status.IsNone) };
    }

    /// <summary>A bounce that is no report: its address says whose it is, and its words perhaps why.</summary>
    private static ReportedRecipient Guess(string text)
    {
        Match code = CodeInText().Match(text);
        Match status = StatusInText().Match(text);
        _ = EnhancedStatus.TryParse(Encoding.ASCII.GetBytes(status.Value), out EnhancedStatus found, out _);
        string line = code.Success || status.Success
            ? text[(code.Success ? code.Index : status.Index)..].Split('\n', 2)[0].Trim()
            : "A bounce without a report";
        return new ReportedRecipient(
            string.Empty, string.Empty, NotificationAction.Failed, found, code.Success ? int.Parse(code.Groups[1].ValueSpan, CultureInfo.InvariantCulture) : 0, line, string.Empty);
    }

    [GeneratedRegex(@"\b([45][0-5][0-9])[ -](?=\D|[45]\.)", RegexOptions.CultureInvariant)]
    private static partial Regex CodeInText();

    [GeneratedRegex(@"\b[45]\.\d{1,3}\.\d{1,3}\b", RegexOptions.CultureInvariant)]
    private static partial Regex StatusInText();
}
