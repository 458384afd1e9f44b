using Smtp.Core;

namespace Relay.Delivery;

/// <summary>The message that a notification is about.</summary>
/// <param name="Id">The relay's name for it.</param>
/// <param name="ReversePath">Who is told. Never the null path.</param>
/// <param name="EnvelopeId">ENVID in xtext; empty for none.</param>
/// <param name="Return">What of the message is returned.</param>
/// <param name="AcceptedAt">When the relay took it.</param>
/// <param name="Content">The message: header and body.</param>
public sealed record NotifiedMessage(
    string Id, string ReversePath, string EnvelopeId, DsnReturn Return, DateTimeOffset AcceptedAt, ReadOnlyMemory<byte> Content);
