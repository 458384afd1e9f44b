using Smtp.Server;

namespace Smtp.Testing;

/// <summary>What is known at a step, for <see cref="SmtpTestRule.When"/>.</summary>
/// <param name="Step">The step.</param>
/// <param name="Session">The session.</param>
/// <param name="From">The reverse-path; empty for the null one and before MAIL.</param>
/// <param name="To">The recipients so far; at <see cref="SmtpTestStep.Recipient"/> the last one is the one to be decided.</param>
public sealed record SmtpTestStepContext(SmtpTestStep Step, SmtpSessionContext Session, string From, IReadOnlyList<string> To);
