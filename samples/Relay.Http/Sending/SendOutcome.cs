using Relay.Spool;

namespace Relay.Http;

/// <summary>What became of a request to send.</summary>
/// <param name="Id">The message's id; set where it was taken.</param>
/// <param name="Problem">Why it was not; null where it was.</param>
internal sealed record SendOutcome(MessageId Id, Problem? Problem)
{
    internal static SendOutcome Refused(Problem problem) => new(default, problem);
}
