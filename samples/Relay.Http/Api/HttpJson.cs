using System.Text.Json.Serialization;

namespace Relay.Http;

/// <summary>The API's JSON, without reflection: names in snake case, nulls left out, a field that is not known refused.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    Converters = [typeof(Rfc3339)],
    UseStringEnumConverter = true,
    AllowDuplicateProperties = false)]
[JsonSerializable(typeof(MessageRequest))]
[JsonSerializable(typeof(Problem))]
[JsonSerializable(typeof(OverviewView))]
[JsonSerializable(typeof(SuppressionView))]
[JsonSerializable(typeof(SuppressionRequest))]
[JsonSerializable(typeof(BulkSuppressionRequest))]
[JsonSerializable(typeof(TemplateView))]
[JsonSerializable(typeof(TemplateRequest))]
[JsonSerializable(typeof(PreviewRequest))]
[JsonSerializable(typeof(RenderedTemplate))]
[JsonSerializable(typeof(WebhookView))]
[JsonSerializable(typeof(WebhookRequest))]
[JsonSerializable(typeof(WebhookChangeRequest))]
[JsonSerializable(typeof(KeyView))]
[JsonSerializable(typeof(KeyRequest))]
[JsonSerializable(typeof(QueueView))]
[JsonSerializable(typeof(SuspendRequest))]
[JsonSerializable(typeof(QueueChangeRequest))]
[JsonSerializable(typeof(PageView<SuppressionView>))]
[JsonSerializable(typeof(PageView<TemplateView>))]
[JsonSerializable(typeof(PageView<WebhookView>))]
[JsonSerializable(typeof(PageView<WebhookDeliveryView>))]
[JsonSerializable(typeof(PageView<KeyView>))]
[JsonSerializable(typeof(PageView<DestinationView>))]
[JsonSerializable(typeof(ChangedView))]
[JsonSerializable(typeof(RescheduleRequest))]
[JsonSerializable(typeof(StatsView))]
[JsonSerializable(typeof(PageView<FiguresView>))]
[JsonSerializable(typeof(WebhookPayload))]
[JsonSerializable(typeof(SubmittedView))]
[JsonSerializable(typeof(BatchView))]
[JsonSerializable(typeof(BatchRequest))]
[JsonSerializable(typeof(RawMessageRequest))]
[JsonSerializable(typeof(MessageView))]
[JsonSerializable(typeof(EventView))]
[JsonSerializable(typeof(PageView<MessageView>))]
[JsonSerializable(typeof(PageView<EventView>))]
internal sealed partial class HttpJson : JsonSerializerContext;
