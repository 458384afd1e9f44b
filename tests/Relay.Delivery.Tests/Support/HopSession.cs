namespace Relay.Delivery.Tests;

/// <summary>What a <see cref="Hop"/> knows of one connection.</summary>
internal sealed class HopSession
{
    /// <summary>Where the connection came from.</summary>
    internal System.Net.IPAddress? Remote { get; init; }

    /// <summary>The name that EHLO gave.</summary>
    internal string HostName { get; private set; } = string.Empty;

    internal string Sender { get; private set; } = string.Empty;

    internal List<string> Recipients { get; } = [];

    internal string Body { get; set; } = string.Empty;

    /// <summary>For tests that count.</summary>
    internal bool IsCounted { get; set; }

    /// <summary>It said QUIT, or is over.</summary>
    internal bool HasLeft { get; set; }

    /// <summary>How many bodies came.</summary>
    internal int Messages { get; set; }

    internal void OnAccepted(string line)
    {
        if (line.StartsWith("EHLO", StringComparison.Ordinal))
        {
            HostName = line[5..];
        }
        else if (line.StartsWith("MAIL", StringComparison.Ordinal))
        {
            Sender = Path(line);
            Recipients.Clear();
        }
        else if (line.StartsWith("RCPT", StringComparison.Ordinal))
        {
            Recipients.Add(Path(line));
        }
    }

    private static string Path(string line) => line[(line.IndexOf('<', StringComparison.Ordinal) + 1)..line.IndexOf('>', StringComparison.Ordinal)];
}
