using Relay.Spool;
using Smtp.Core;

namespace Relay.Delivery;

/// <summary>A connection, or why there is none.</summary>
/// <param name="Connection">The connection; null if there is none.</param>
/// <param name="Failure">What it means that there is none.</param>
/// <param name="Reply">What was said, or what happened.</param>
/// <param name="Stage">Where it failed.</param>
internal readonly record struct Opening(SiteConnection? Connection, Classification Failure, RecipientReply Reply, SmtpStage Stage = SmtpStage.Connect);
