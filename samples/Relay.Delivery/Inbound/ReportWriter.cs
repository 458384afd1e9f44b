using System.Diagnostics.CodeAnalysis;
using Relay.Spool;
using Smtp.Core;
using Smtp.Server;

namespace Relay.Delivery;

/// <summary>Takes one report. What it says of recipients stands before the returned message, so that the first part of a large one is enough.</summary>
[SuppressMessage("Design", "CA1001", Justification = "A stream in memory has nothing to give back.")]
internal sealed class ReportWriter(InboundReports reports, IReadOnlyList<string> addresses, bool isFromNobody) : IMessageWriter
{
    private const int LargestRead = 512 * 1024;

    private static readonly SmtpReply Booked = SmtpReply.Create(250, new EnhancedStatus(2, 0, 0), "Report taken");

    private readonly MemoryStream _content = new();

    /// <inheritdoc/>
    public ValueTask WriteAsync(ReadOnlyMemory<byte> chunk, CancellationToken cancellationToken)
    {
        _content.Write(chunk.Span[..Math.Min(chunk.Length, LargestRead - (int)_content.Length)]);
        return default;
    }

    /// <inheritdoc/>
    public async ValueTask<SmtpReply> CommitAsync(CancellationToken cancellationToken)
    {
        try
        {
            foreach (string address in addresses)
            {
                _content.Position = 0;
                await reports.BookAsync(address, isFromNobody, new MemoryStream(_content.GetBuffer(), 0, (int)_content.Length), cancellationToken).ConfigureAwait(false);
            }

            return Booked;
        }
        catch (SpoolException)
        {
            return Smtp.Core.Replies.LocalError;
        }
    }

    /// <inheritdoc/>
    public ValueTask AbortAsync() => default;
}
