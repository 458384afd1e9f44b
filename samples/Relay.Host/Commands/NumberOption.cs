using System.CommandLine;
using System.Globalization;

namespace Relay.Host;

/// <summary>Options that are numbers of things.</summary>
internal static class NumberOption
{
    /// <summary>Makes one; null if it is not given.</summary>
    internal static Option<int?> Create(string name, string description) => new(name)
    {
        Description = description,
        CustomParser = result =>
        {
            string text = result.Tokens.Count == 1 ? result.Tokens[0].Value : string.Empty;
            if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number > 0)
            {
                return number;
            }

            result.AddError($"{name} is \"{text}\"; allowed is a whole number from 1.");
            return null;
        },
    };
}
