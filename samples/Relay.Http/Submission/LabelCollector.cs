using Relay.Spool;

namespace Relay.Http;

/// <summary>Collects labels within the bounds of <see cref="MessageLabels"/>.</summary>
internal sealed class LabelCollector
{
    private static readonly Dictionary<string, string> NoMetadata = [];

    private List<string>? _tags;
    private Dictionary<string, string>? _metadata;
    private List<string>? _passedOver;
    private string? _customId;
    private MessagePriority? _priority;
    private string? _stream;

    internal void AddTag(string field, string tag)
    {
        _tags ??= [];
        if (MessageLabels.CheckTag(tag) is { } wrong)
        {
            PassOver(field, wrong);
        }
        else if (_tags.Contains(tag))
        {
            return;
        }
        else if (_tags.Count == MessageLabels.MaximumTags)
        {
            PassOver(field, $"is one tag more than {MessageLabels.MaximumTags}");
        }
        else
        {
            _tags.Add(tag);
        }
    }

    internal void AddMetadata(string field, string key, string value)
    {
        _metadata ??= new Dictionary<string, string>(StringComparer.Ordinal);
        if ((MessageLabels.CheckKey(key) ?? MessageLabels.CheckValue(value)) is { } wrong)
        {
            PassOver(field, wrong);
        }
        else if (_metadata.Count == MessageLabels.MaximumMetadata && !_metadata.ContainsKey(key))
        {
            PassOver(field, $"is one value more than {MessageLabels.MaximumMetadata}");
        }
        else
        {
            _metadata[key] = value;
        }
    }

    internal void SetCustomId(string field, string customId)
    {
        if (MessageLabels.CheckCustomId(customId) is { } wrong)
        {
            PassOver(field, wrong);
        }
        else
        {
            _customId = customId;
        }
    }

    internal void SetPriority(string field, string priority)
    {
        if (MessageLabels.PriorityOf(priority) is { } known)
        {
            _priority = known;
        }
        else
        {
            PassOver(field, "is not high, normal or low");
        }
    }

    internal void SetStream(string field, string stream)
    {
        if (MessageLabels.CheckStream(stream) is { } wrong)
        {
            PassOver(field, wrong);
        }
        else
        {
            _stream = stream;
        }
    }

    internal void PassOver(string field, string why)
    {
        // Enough to find the fault by; a log line must not grow with what a submitter sends.
        _passedOver ??= [];
        if (_passedOver.Count < 8)
        {
            _passedOver.Add($"{MessageLabels.Printable(field)}: {why}");
        }
    }

    internal SubmissionLabels ToLabels(ReadOnlyMemory<byte> header) =>
        new(_tags ?? [], _metadata ?? NoMetadata, _customId, header, _passedOver ?? []) { Priority = _priority, Stream = _stream };
}
