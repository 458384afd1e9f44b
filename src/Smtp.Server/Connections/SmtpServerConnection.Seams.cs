using System.Diagnostics;
using System.Net;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using Smtp.Core;

namespace Smtp.Server;

/// <content>What the application decides, and where bodies go.</content>
internal sealed partial class SmtpServerConnection
{
    private Activity? _activity;

    // The AUTH exchange that runs: what it took, or who has failed too often for it to be looked at.
    private AuthenticationAttempt? _attempt;
    private ThrottleScope _throttled;

    /// <summary>No token is made for the policy that accepts all.</summary>
    private CancellationToken GoneForPolicy => _options.HasPolicy ? Gone : CancellationToken.None;

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<SmtpReply> DecideAsync(ServerEffect effect)
    {
        try
        {
            SmtpReply decision;
            switch (effect)
            {
                case ServerEffect.CheckClient:
                    decision = await _options.Policy.CheckClientAsync(_context, GoneForPolicy).ConfigureAwait(false);
                    break;

                case ServerEffect.CheckHello:
                    decision = await _options.Policy.CheckHelloAsync(_context, GoneForPolicy).ConfigureAwait(false);
                    break;

                case ServerEffect.CheckSender:
                    decision = await _options.Policy.CheckSenderAsync(_context, _session.Envelope, GoneForPolicy).ConfigureAwait(false);
                    break;

                case ServerEffect.CheckRecipient:
                    decision = await _options.Policy.CheckRecipientAsync(_context, _session.Envelope, _session.Recipient, GoneForPolicy).ConfigureAwait(false);
                    break;

                case ServerEffect.OpenMessage:
                    decision = await _options.Policy.CheckDataAsync(_context, _session.Envelope, GoneForPolicy).ConfigureAwait(false);
                    if (decision.IsPositive)
                    {
                        decision = await OpenMessageAsync().ConfigureAwait(false);
                    }

                    break;

                case ServerEffect.CommitMessage:
                    IMessageWriter writer = _writer!;
                    _writer = null;
                    decision = DemandVerdict(await writer.CommitAsync(_server.StoppedForGood).ConfigureAwait(false));
                    OnMessageEnded(decision.IsPositive, decision.Code);
                    break;

                default:
                    throw new InvalidOperationException($"{effect} asks for no decision.");
            }

            return Demand(decision);
        }
        catch (Exception error)
        {
            if (!IsCancellation(error))
            {
                ServerLog.SeamFailed(_logger, Id, effect.ToString(), error);
            }

            if (effect is ServerEffect.OpenMessage or ServerEffect.CommitMessage)
            {
                OnMessageEnded(accepted: false, Replies.LocalError.Code);
            }

            return Replies.LocalError;
        }
    }

    private static SmtpReply Demand(SmtpReply decision) =>
        decision.Class != ReplyClass.Intermediate
            ? decision
            : throw new InvalidOperationException($"A decision is 2yz, 4yz or 5yz, but was {decision}.");

    /// <summary>A 250 is a promise (RFC 5321 §6.1), and is made by whoever keeps the message or not at all.</summary>
    private static SmtpReply DemandVerdict(SmtpReply verdict) =>
        !verdict.IsNone
            ? Demand(verdict)
            : throw new InvalidOperationException($"A commit ended without a reply: a message that is safe is answered with {nameof(Replies)}.{nameof(Replies.MessageAccepted)}.");

    /// <summary>
    /// Sends what was said while a seam takes its time: a 250 to a message must not wait for what comes behind it (RFC 2920 §3.2). Where all seams
    /// answer at once, a group of commands still gets one packet.
    /// </summary>
    private ValueTask<SmtpReply> FlushUnlessDecided(ValueTask<SmtpReply> deciding) =>
        deciding.IsCompleted || _output.IsEmpty ? deciding : FlushMeanwhileAsync(deciding);

    private async ValueTask<SmtpReply> FlushMeanwhileAsync(ValueTask<SmtpReply> deciding)
    {
        ExceptionDispatchInfo? lost = await TryFlushAsync().ConfigureAwait(false);
        SmtpReply decision = await deciding.ConfigureAwait(false);
        lost?.Throw();
        return decision;
    }

    /// <summary>Sends what was said while a seam works on this session's envelope: nothing of it may be given back before the seam has ended.</summary>
    /// <returns>What is to be thrown when it has.</returns>
    private async ValueTask<ExceptionDispatchInfo?> TryFlushAsync()
    {
        try
        {
            await FlushAsync().ConfigureAwait(false);
            return null;
        }
        catch (Exception error)
        {
            // From here on it is the seam that is waited for, and the heartbeat is to tell it that the client has gone.
            ClearDeadline();
            return ExceptionDispatchInfo.Capture(error);
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<SmtpReply> OpenMessageAsync()
    {
        _activity = SmtpServerActivity.StartMessage(_context, _session.Envelope);
        MessageOpening opening = await _options.MessageSink.OpenAsync(_context, _session.Envelope, Gone).ConfigureAwait(false);
        _writer = opening.Writer;
        if (opening.Writer is not null)
        {
            if (_listener.Role == SmtpListenerRole.Submission)
            {
                _writer = new SubmissionWriter(opening.Writer, _options.HostName, _options.TimeProvider.GetUtcNow());
            }

            return default;
        }

        OnMessageEnded(accepted: false, opening.Refusal.Code);
        return opening.Refusal.IsNone ? Replies.LocalError : opening.Refusal;
    }

    private void OnMessageEnded(bool accepted, int code)
    {
        _metrics.MessageEnded(accepted, _session.BodyLength);
        SmtpServerActivity.EndMessage(_activity, _session.BodyLength, accepted, code);
        _activity = null;
    }

    private async ValueTask CommitLmtpAsync()
    {
        var replies = new SmtpReply[_session.Envelope.RecipientCount];
        var writer = (ILmtpMessageWriter)_writer!;
        _writer = null;
        ExceptionDispatchInfo? lost = null;
        try
        {
            ValueTask commit = writer.CommitAsync(replies, _server.StoppedForGood);
            lost = commit.IsCompleted ? null : await TryFlushAsync().ConfigureAwait(false);
            await commit.ConfigureAwait(false);
            foreach (SmtpReply reply in replies)
            {
                DemandVerdict(reply);
            }
        }
        catch (Exception error)
        {
            if (!IsCancellation(error))
            {
                ServerLog.SeamFailed(_logger, Id, nameof(ILmtpMessageWriter), error);
            }

            replies.AsSpan().Fill(Replies.LocalError);
        }

        OnMessageEnded(Array.Exists(replies, reply => reply.IsPositive), 0);
        lost?.Throw();
        _session.ResumeCommit(replies, _output);
    }

    private async ValueTask ResumeSecretAsync(SaslCredentials credentials)
    {
        if (!TryBeginAttempt(credentials))
        {
            _session.ResumeSecret(null, _output, Replies.AuthenticationThrottled);
            return;
        }

        ScramSecret? secret = null;
        SmtpReply failure = default;
        try
        {
            if (_options.Authenticator is IScramSecretStore store)
            {
                secret = await store.FindSecretAsync(_context, credentials.AuthenticationIdentity, Gone).ConfigureAwait(false);
            }
        }
        catch (Exception error)
        {
            if (!IsCancellation(error))
            {
                ServerLog.SeamFailed(_logger, Id, nameof(IScramSecretStore), error);
            }

            failure = Replies.AuthenticationUnavailable;
        }

        _session.ResumeSecret(secret, _output, failure);
    }

    private ValueTask WriteBodyAsync()
    {
        try
        {
            ValueTask write = _writer!.WriteAsync(_session.BodyChunk, Gone);
            if (write.IsCompletedSuccessfully)
            {
                write.GetAwaiter().GetResult();
                return ValueTask.CompletedTask;
            }

            return WriteBodySlowAsync(write);
        }
        catch (Exception error)
        {
            return WriteBodySlowAsync(ValueTask.FromException(error));
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask WriteBodySlowAsync(ValueTask write)
    {
        // Under CHUNKING a body may be there before the replies to what stands in front of it are sent, another message's 250 among them.
        ExceptionDispatchInfo? lost = write.IsCompleted ? null : await TryFlushAsync().ConfigureAwait(false);
        try
        {
            await write.ConfigureAwait(false);
        }
        catch (Exception error)
        {
            if (!IsCancellation(error))
            {
                ServerLog.SeamFailed(_logger, Id, nameof(IMessageWriter.WriteAsync), error);
            }

            await AbortMessageAsync().ConfigureAwait(false);
            _session.FailMessage(Replies.LocalError);
        }

        lost?.Throw();
    }

    private async ValueTask AbortMessageAsync()
    {
        if (_writer is { } writer)
        {
            _writer = null;
            OnMessageEnded(accepted: false, 0);
            try
            {
                await writer.AbortAsync().ConfigureAwait(false);
            }
            catch (Exception error)
            {
                ServerLog.SeamFailed(_logger, Id, nameof(IMessageWriter.AbortAsync), error);
            }
        }
    }

    private async ValueTask ResumeAuthenticationAsync(SaslCredentials credentials)
    {
        if (!TryBeginAttempt(credentials))
        {
            _session.ResumeAuthentication(null, Replies.AuthenticationThrottled, _output);
            return;
        }

        AuthenticationResult result;
        try
        {
            result = await _options.Authenticator!.AuthenticateAsync(_context, credentials, Gone).ConfigureAwait(false);
        }
        catch (Exception error)
        {
            if (!IsCancellation(error))
            {
                ServerLog.SeamFailed(_logger, Id, nameof(ISmtpAuthenticator), error);
            }

            result = AuthenticationResult.Unavailable;
        }

        _session.ResumeAuthentication(result.Identity, result.Reply, _output);
    }

    /// <summary>Counts the credentials as wrong ones until <see cref="OnAuthenticationDecided"/> knows better.</summary>
    private bool TryBeginAttempt(SaslCredentials credentials)
    {
        IPAddress? address = (_context.RemoteEndPoint as IPEndPoint)?.Address;
        string account = credentials.AuthenticationIdentity.Length > 0 ? credentials.AuthenticationIdentity : credentials.AuthorizationIdentity;
        _throttled = _server.Throttle.TryBegin(address, account, _server.Now, out AuthenticationAttempt attempt);
        _attempt = _throttled == ThrottleScope.None ? attempt : null;
        return _throttled == ThrottleScope.None;
    }

    private bool IsCancellation(Exception error) => error is OperationCanceledException && (_server.IsStoppedForGood || _gone is { IsCancellationRequested: true });
}
