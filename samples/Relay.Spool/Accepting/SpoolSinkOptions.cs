using Smtp.Core;

namespace Relay.Spool;

/// <summary>How a <see cref="SpoolSink"/> takes messages.</summary>
public sealed record SpoolSinkOptions
{
    /// <summary>How many <c>Received:</c> fields a message may have where nothing else is said.</summary>
    public const int DefaultMaximumReceivedFields = 50;

    /// <summary>The relay's name, for the <c>Received:</c> field.</summary>
    public required string HostName { get; init; }

    /// <summary>
    /// Messages that went through more relays than this go in a circle (RFC 5321 §6.3), and are refused with 554 5.4.6; 50 by default.
    /// </summary>
    public int MaximumReceivedFields { get; init; } = DefaultMaximumReceivedFields;

    /// <summary>Reads what a submission's header says to the relay; null for nothing.</summary>
    public ISubmissionFilter? Filter { get; init; }

    /// <summary>
    /// What the ones who deliver can honour: SMTPUTF8 and DSN by default. DSN may be offered as the queue keeps what was asked (RFC 3461 §5.2); REQUIRETLS
    /// only where delivery obeys it.
    /// </summary>
    public SmtpExtensions SupportedExtensions { get; init; } = SmtpExtensions.SmtpUtf8 | SmtpExtensions.Dsn;
}
