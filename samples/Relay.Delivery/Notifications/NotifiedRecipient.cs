namespace Relay.Delivery;

/// <summary>What a notification says of one recipient.</summary>
/// <param name="Address">The forward-path.</param>
/// <param name="OriginalRecipient">ORCPT as it came, <c>addr-type;xtext</c>; empty for none.</param>
/// <param name="Status">The enhanced status; that of a success for one.</param>
/// <param name="Diagnostic">The receiver's reply, code first; empty where the relay decided itself.</param>
/// <param name="RemoteHost">Who said it; empty for nobody.</param>
/// <param name="Explanation">A sentence for people.</param>
/// <param name="LastAttempt">When it was tried last.</param>
public sealed record NotifiedRecipient(
    string Address, string OriginalRecipient, string Status, string Diagnostic, string RemoteHost, string Explanation, DateTimeOffset LastAttempt);
