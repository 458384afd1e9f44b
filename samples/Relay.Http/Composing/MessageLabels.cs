using System.Text;
using Relay.Spool;

namespace Relay.Http;

/// <summary>What tags, metadata and custom ids may be. The same for REST, where the rest is an error, and for SMTP, where the rest is passed over.</summary>
public static class MessageLabels
{
    /// <summary>The most tags of one message.</summary>
    public const int MaximumTags = 10;

    /// <summary>The longest tag, in characters.</summary>
    public const int LongestTag = 128;

    /// <summary>The most metadata values of one message.</summary>
    public const int MaximumMetadata = 50;

    /// <summary>The longest metadata key, in characters.</summary>
    public const int LongestKey = 64;

    /// <summary>The longest metadata value, in characters.</summary>
    public const int LongestValue = 1024;

    /// <summary>The longest custom id, in characters.</summary>
    public const int LongestCustomId = 256;

    /// <summary>Says what is wrong with a tag.</summary>
    /// <returns>A sentence; null if nothing is.</returns>
    public static string? CheckTag(string? tag) => Check(tag, "A tag", LongestTag);

    /// <summary>Says what is wrong with a metadata key: 1 to 64 letters, digits, <c>_</c>, <c>-</c>, <c>.</c>, <c>:</c>.</summary>
    /// <returns>A sentence; null if nothing is.</returns>
    public static string? CheckKey(string? key)
    {
        if (Check(key, "A metadata key", LongestKey) is { } wrong)
        {
            return wrong;
        }

        foreach (char c in key!)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('_' or '-' or '.' or ':'))
            {
                return "A metadata key has letters, digits, '_', '-', '.' and ':' only.";
            }
        }

        return null;
    }

    /// <summary>Says what is wrong with a metadata value.</summary>
    /// <returns>A sentence; null if nothing is.</returns>
    public static string? CheckValue(string? value) => value is null ? "A metadata value is a text." : value.Length == 0 ? null : Check(value, "A metadata value", LongestValue);

    /// <summary>Says what is wrong with a custom id.</summary>
    /// <returns>A sentence; null if nothing is.</returns>
    public static string? CheckCustomId(string? customId) => Check(customId, "A custom id", LongestCustomId);

    /// <summary>The longest name of a stream, in characters.</summary>
    public const int LongestStream = 32;

    /// <summary>Says what is wrong with a stream's name.</summary>
    /// <returns>A sentence; null if nothing is.</returns>
    public static string? CheckStream(string? stream) =>
        stream is { Length: > 0 and <= LongestStream } && stream.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-')
            ? null
            : $"A stream's name has 1 to {LongestStream} lower-case letters, digits and hyphens.";

    /// <summary>The priority that a word names; null if it names none.</summary>
    /// <param name="word"><c>high</c>, <c>normal</c> or <c>low</c>.</param>
    public static MessagePriority? PriorityOf(string? word) => word switch
    {
        "high" => MessagePriority.High,
        "normal" => MessagePriority.Normal,
        "low" => MessagePriority.Low,
        _ => null,
    };

    /// <summary>Checks all labels of a request.</summary>
    internal static void Check(
        IReadOnlyList<string>? tags, IReadOnlyDictionary<string, string>? metadata, string? customId, List<FieldError> errors)
    {
        if (tags?.Count > MaximumTags)
        {
            errors.Add(new FieldError("tags", $"A message has at most {MaximumTags} tags; these are {tags.Count}."));
        }

        for (int i = 0; i < tags?.Count && i < MaximumTags; i++)
        {
            Add(CheckTag(tags[i]), $"tags[{i}]");
        }

        if (metadata?.Count > MaximumMetadata)
        {
            errors.Add(new FieldError("metadata", $"A message has at most {MaximumMetadata} metadata values; these are {metadata.Count}."));
        }

        foreach ((string key, string value) in metadata ?? EmptyMetadata)
        {
            Add(CheckKey(key) ?? CheckValue(value), $"metadata.{Printable(key)}");
        }

        if (customId is not null)
        {
            Add(CheckCustomId(customId), "custom_id");
        }

        void Add(string? wrong, string field)
        {
            if (wrong is not null)
            {
                errors.Add(new FieldError(field, wrong));
            }
        }
    }

    /// <summary>A text without control characters and not overlong, for names that come from a request and go into an answer.</summary>
    internal static string Printable(string text, int longest = 80)
    {
        var printable = new StringBuilder(text.Length);
        foreach (char c in text.Length > longest ? text.AsSpan(0, longest) : text)
        {
            printable.Append(char.IsControl(c) || char.IsSurrogate(c) ? '?' : c);
        }

        return printable.ToString();
    }

    private static readonly Dictionary<string, string> EmptyMetadata = [];

    private static string? Check(string? text, string what, int longest)
    {
        if (string.IsNullOrWhiteSpace(text))
        {
            return $"{what} must not be empty.";
        }

        if (text.Length > longest)
        {
            return $"{what} has at most {longest} characters.";
        }

        foreach (char c in text)
        {
            if (char.IsControl(c))
            {
                return $"{what} must not hold control characters.";
            }
        }

        return null;
    }
}
