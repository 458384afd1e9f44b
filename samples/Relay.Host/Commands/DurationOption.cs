using System.CommandLine;
using Relay.Spool;

namespace Relay.Host;

/// <summary>Options that are times, written as in the settings.</summary>
internal static class DurationOption
{
    /// <summary>Makes one; null if it is not given.</summary>
    internal static Option<TimeSpan?> Create(string name, string description) => new(name)
    {
        Description = description,
        CustomParser = result =>
        {
            string text = result.Tokens.Count == 1 ? result.Tokens[0].Value : string.Empty;
            if (DurationText.TryParse(text, out TimeSpan time))
            {
                return time;
            }

            result.AddError($"{name} is \"{text}\"; allowed is a time {DurationText.Form}.");
            return null;
        },
    };
}
