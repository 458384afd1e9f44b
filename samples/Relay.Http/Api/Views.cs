using System.Globalization;
using Relay.Spool;

namespace Relay.Http;

/// <summary>Shows what the spool knows as the API does.</summary>
internal static class Views
{
    internal const string Deferred = "deferred";

    internal static string State(StoredRecipient recipient) => recipient.IsDeferred ? Deferred
        : recipient.State == RecipientState.Leased ? Name(RecipientState.Queued)
        : Name(recipient.State);

    internal static string State(IReadOnlyList<StoredRecipient> recipients)
    {
        if (recipients.Count == 0)
        {
            return "unknown";
        }

        string first = State(recipients[0]);
        return recipients.All(recipient => State(recipient) == first) ? first : "partial";
    }

    internal static string Name<T>(T value)
        where T : struct, Enum => value.ToString().ToLower(CultureInfo.InvariantCulture);

    internal static RecipientView Recipient(StoredRecipient recipient) => new(
        recipient.Index,
        recipient.ForwardPath,
        recipient.Destination,
        State(recipient),
        recipient.Attempts,
        recipient.IsFinal ? null : recipient.NextAttemptAt,
        recipient.CompletedAt,
        Reply(recipient.LastReply));

    internal static ReplyView? Reply(RecipientReply reply) =>
        reply.Code == 0 && reply.Text.Length == 0
            ? null
            : new ReplyView(reply.Code == 0 ? null : reply.Code, Optional(reply.Enhanced), reply.Text, Optional(reply.Host));

    internal static EventView Event(SpoolEvent happened) => new(
        happened.Id,
        Name(happened.Type),
        happened.At,
        happened.MessageId.ToString(),
        happened.ForwardPath,
        happened.BounceClass == BounceClass.None ? null : Name(happened.BounceClass),
        Optional(happened.Reason),
        Reply(happened.Reply),
        happened.Attempt == 0 ? null : happened.Attempt,
        (long)happened.Latency.TotalMilliseconds,
        happened.Message?.Tags ?? [],
        happened.Message?.Metadata ?? NoMetadata,
        happened.Message?.CustomId);

    internal static MessageView Message(StoredMessage message, IReadOnlyList<StoredRecipient> recipients, IReadOnlyList<SpoolEvent>? events = null) => new(
        message.Id.ToString(),
        State(recipients),
        message.AcceptedAt,
        message.Facts.From,
        message.Facts.ReversePath,
        message.Facts.Subject,
        message.Size,
        message.Facts.Tags,
        message.Facts.Metadata,
        message.Facts.CustomId,
        Name(message.Facts.Source),
        message.Facts.Credential,
        message.Facts.Stream,
        Name(message.Facts.Priority),
        message.Facts.IsTest,
        message.Facts.ScheduledAt,
        [.. recipients.Select(Recipient)],
        events is null ? null : [.. events.Select(Event)]);

    private static readonly Dictionary<string, string> NoMetadata = [];

    private static string? Optional(string text) => text.Length == 0 ? null : text;
}
