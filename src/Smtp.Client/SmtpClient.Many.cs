using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Smtp.Client;

/// <content>Many messages one after the other.</content>
public sealed partial class SmtpClient
{
    /// <summary>
    /// Sends messages one after the other, each as soon as the one before is done, so that a connection is kept busy. The outcomes come in the
    /// order of the messages, and what fails for one message does not stop the others. To use several connections, call it several times or
    /// use <see cref="Parallel"/> with <see cref="SendAsync(SmtpMessage, CancellationToken)"/>.
    /// </summary>
    /// <param name="messages">The messages; the next one is asked for when the one before is done.</param>
    /// <param name="cancellationToken">Breaks off, which throws <see cref="OperationCanceledException"/>.</param>
    /// <returns>An outcome for each message. Whoever stops to read, stops the sending.</returns>
    /// <exception cref="ObjectDisposedException">The client is closed.</exception>
    public async IAsyncEnumerable<SmtpSendOutcome> SendManyAsync(
        IAsyncEnumerable<SmtpMessage> messages, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(messages);
        await foreach (SmtpMessage message in messages.WithCancellation(cancellationToken).ConfigureAwait(false))
        {
            yield return await SendOneAsync(message, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <inheritdoc cref="SendManyAsync(IAsyncEnumerable{SmtpMessage}, CancellationToken)"/>
    public async IAsyncEnumerable<SmtpSendOutcome> SendManyAsync(
        IEnumerable<SmtpMessage> messages, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(messages);
        foreach (SmtpMessage message in messages)
        {
            yield return await SendOneAsync(message, cancellationToken).ConfigureAwait(false);
        }
    }

    [SuppressMessage("Design", "CA1031", Justification = "It is handed on as the outcome.")]
    private async ValueTask<SmtpSendOutcome> SendOneAsync(SmtpMessage message, CancellationToken cancellationToken)
    {
        var result = new SendResult();
        try
        {
            await SendAsync(message, result, cancellationToken).ConfigureAwait(false);
            return new SmtpSendOutcome(message, result, null);
        }
        catch (Exception error) when (error is not ObjectDisposedException and not ArgumentNullException && !cancellationToken.IsCancellationRequested)
        {
            return new SmtpSendOutcome(message, result, error);
        }
    }
}
