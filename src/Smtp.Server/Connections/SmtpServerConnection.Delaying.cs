using Smtp.Core;

namespace Smtp.Server;

/// <content>Replies that are held back: who guesses passwords or goes on with errors is to lose time.</content>
internal sealed partial class SmtpServerConnection
{
    // What the replies in the send buffer are to be held back, all together.
    private TimeSpan _owedDelay;

    // The session's errors at its last reply: a reply that adds one is what is held back.
    private int _errors;

    private void OweDelay(TimeSpan delay) => _owedDelay += delay;

    /// <summary>Holds the replies back that are owed a delay. Where too many are held back already, the connection is closed in place of it.</summary>
    private ValueTask DelayRefusalAsync() => _owedDelay == TimeSpan.Zero ? ValueTask.CompletedTask : DelayRefusalSlowAsync();

    private async ValueTask DelayRefusalSlowAsync()
    {
        TimeSpan delay = _owedDelay;
        _owedDelay = TimeSpan.Zero;
        if (!_server.TryEnterDelay())
        {
            // A crowd of guessers must not fill the server with connections that wait.
            _session.Terminate(Replies.TooManyErrors, _output);
            return;
        }

        try
        {
            await DelayAsync(delay).ConfigureAwait(false);
        }
        finally
        {
            _server.LeaveDelay();
        }
    }

    private async ValueTask DelayAsync(TimeSpan delay)
    {
        try
        {
            await Task.Delay(delay, _options.TimeProvider, Gone).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (_server.IsStoppedForGood)
        {
            // What was to be said is said now.
        }
    }
}
