namespace Relay.Http;

/// <summary>Figures, counted by recipients, at the time of each event.</summary>
/// <param name="Name">The tag or domain; null for all together.</param>
/// <param name="Start">The start of the step of time; null for the whole time.</param>
/// <param name="Accepted">Taken, to be sent at once or later.</param>
/// <param name="Delivered">Taken by the next hop.</param>
/// <param name="Deferred">Attempts that failed for now.</param>
/// <param name="DeferredRecipients">Recipients whose first attempt failed for now.</param>
/// <param name="Bounced">Refused for good.</param>
/// <param name="BouncedHard">Of those: the recipient does not exist.</param>
/// <param name="BouncedSoft">Of those: another reason.</param>
/// <param name="Expired">Not delivered in time.</param>
/// <param name="Suppressed">Not tried, as on the suppression list.</param>
/// <param name="Canceled">Taken back.</param>
/// <param name="Complained">Complaints.</param>
/// <param name="Opened">Opens, where tracked.</param>
/// <param name="OpenedRecipients">Recipients that opened.</param>
/// <param name="Clicked">Clicks, where tracked.</param>
/// <param name="ClickedRecipients">Recipients that clicked.</param>
/// <param name="Rates">Parts of one.</param>
/// <param name="DeliveryMs">How long deliveries took.</param>
public sealed record FiguresView(
    string? Name,
    DateTimeOffset? Start,
    long Accepted,
    long Delivered,
    long Deferred,
    long DeferredRecipients,
    long Bounced,
    long BouncedHard,
    long BouncedSoft,
    long Expired,
    long Suppressed,
    long Canceled,
    long Complained,
    long Opened,
    long OpenedRecipients,
    long Clicked,
    long ClickedRecipients,
    RatesView Rates,
    DeliveryTimesView? DeliveryMs);
