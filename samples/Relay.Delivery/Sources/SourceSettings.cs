using System.Net;
using System.Net.Sockets;

namespace Relay.Delivery;

/// <summary>An address of this machine that mail leaves from.</summary>
/// <param name="Name">What it is called in pools and in the log.</param>
/// <param name="Addresses">One IPv4 address, one IPv6 address, or one of each. Hosts that have no address of their family are not reached from here.</param>
/// <param name="HostName">The name for EHLO, which the addresses' PTR records should name; null for the relay's.</param>
public sealed record SourceSettings(string Name, IReadOnlyList<IPAddress> Addresses, string? HostName = null)
{
    // What nobody reaches in a day is no cap.
    private const double Unlimited = 10_000_000;

    /// <summary>How many messages a day (UTC) it sends to one site; null, the default, for no limit.</summary>
    public int? MessagesPerDay { get; init; }

    /// <summary>The first day of its warm-up, of <see cref="MessagesPerDay"/> messages; each day then has <see cref="Growth"/> times the one before. Null for no growth.</summary>
    public DateOnly? WarmUpFrom { get; init; }

    /// <summary>By what a day's messages grow in a warm-up; 2 by default.</summary>
    public double Growth { get; init; } = 2;

    /// <summary>How many messages it sends to one site on a day; null for no limit.</summary>
    public int? CapOn(DateOnly day)
    {
        if (MessagesPerDay is not { } first || WarmUpFrom is not { } from || day <= from)
        {
            return MessagesPerDay;
        }

        double cap = first * Math.Pow(Growth, day.DayNumber - from.DayNumber);
        return cap >= Unlimited ? null : (int)cap;
    }

    /// <summary>Its address of a family; null if it has none.</summary>
    internal IPAddress? Of(AddressFamily family)
    {
        foreach (IPAddress address in Addresses)
        {
            if (address.AddressFamily == family)
            {
                return address;
            }
        }

        return null;
    }
}
