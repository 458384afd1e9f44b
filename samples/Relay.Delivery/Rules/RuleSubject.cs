using Smtp.Core;

namespace Relay.Delivery;

/// <summary>What a rule looks at: a refusal, or a connection that was not to be had.</summary>
/// <param name="Code">The reply code; 0 where nothing was said.</param>
/// <param name="Status">The enhanced status as it was said, or as the relay took it.</param>
/// <param name="Text">The reply's text, or what happened.</param>
/// <param name="Stage">Which command was answered.</param>
/// <param name="Reason">What the relay took it for.</param>
/// <param name="Destination">The recipients' domain.</param>
/// <param name="Hosts">The hosts of the site.</param>
internal readonly record struct RuleSubject(
    int Code, EnhancedStatus Status, string Text, SmtpStage Stage, BounceReason Reason, string Destination, IReadOnlyList<MailHost> Hosts);
