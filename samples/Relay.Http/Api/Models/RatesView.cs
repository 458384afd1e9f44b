namespace Relay.Http;

/// <summary>Parts of one, to four places; null where there is nothing to divide by.</summary>
/// <param name="Delivered">Delivered of all whose fate is known: delivered, bounced and expired.</param>
/// <param name="Bounced">Bounced of the same.</param>
/// <param name="Complained">Complaints of delivered.</param>
/// <param name="Opened">Recipients that opened, of delivered.</param>
/// <param name="Clicked">Recipients that clicked, of delivered.</param>
public sealed record RatesView(double? Delivered, double? Bounced, double? Complained, double? Opened, double? Clicked);
