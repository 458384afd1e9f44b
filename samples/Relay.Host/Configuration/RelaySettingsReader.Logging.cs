using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Relay.Delivery;

namespace Relay.Host;

/// <content>The levels of <c>Logging</c>, which the logging library reads; it throws at a wrong one.</content>
internal sealed partial class RelaySettingsReader
{
    private void CheckLogging(IConfigurationSection section)
    {
        foreach (IConfigurationSection child in section.GetChildren())
        {
            if (!section.Key.Equals("LogLevel", StringComparison.OrdinalIgnoreCase))
            {
                CheckLogging(child);
            }
            else if (child.Value is { Length: > 0 } level && !Enum.TryParse<LogLevel>(level, ignoreCase: true, out _))
            {
                _errors.Add($"{child.Path} is \"{KeyReader.Printable(level)}\"; allowed is {string.Join(", ", Enum.GetNames<LogLevel>())}.");
            }
        }
    }
}
