using Smtp.Core;

namespace Relay.Delivery;

/// <summary>What somebody else's notification says of a recipient.</summary>
/// <param name="Address">The final recipient; empty where it does not say.</param>
/// <param name="OriginalAddress">The original recipient; empty likewise.</param>
/// <param name="Action">What became of it.</param>
/// <param name="Status">Its enhanced status; none without one.</param>
/// <param name="Code">The reply code of the diagnostic; 0 without one.</param>
/// <param name="Text">The diagnostic's text.</param>
/// <param name="RemoteHost">Who refused; empty where it does not say.</param>
public sealed record ReportedRecipient(
    string Address, string OriginalAddress, NotificationAction Action, EnhancedStatus Status, int Code, string Text, string RemoteHost);
