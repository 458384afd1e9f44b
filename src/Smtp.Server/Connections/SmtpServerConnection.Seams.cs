using System.Diagnostics;
using System.Runtime.CompilerServices;
using Smtp.Core;

namespace Smtp.Server;

/// <content>What the application decides, and where bodies go.</content>
internal sealed partial class SmtpServerConnection
{
    private Activity? _activity;

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<SmtpReply> DecideAsync(SessionEffect effect)
    {
        try
        {
            SmtpReply decision;
            switch (effect)
            {
                case SessionEffect.CheckClient:
                    decision = await _options.Policy.CheckClientAsync(_context, Gone).ConfigureAwait(false);
                    break;

                case SessionEffect.CheckHello:
                    decision = await _options.Policy.CheckHelloAsync(_context, Gone).ConfigureAwait(false);
                    break;

                case SessionEffect.CheckSender:
                    decision = await _options.Policy.CheckSenderAsync(_context, _session.Envelope, Gone).ConfigureAwait(false);
                    break;

                case SessionEffect.CheckRecipient:
                    decision = await _options.Policy.CheckRecipientAsync(_context, _session.Envelope, _session.Recipient, Gone).ConfigureAwait(false);
                    break;

                case SessionEffect.OpenMessage:
                    decision = await _options.Policy.CheckDataAsync(_context, _session.Envelope, Gone).ConfigureAwait(false);
                    if (decision.IsPositive)
                    {
                        decision = await OpenMessageAsync().ConfigureAwait(false);
                    }

                    break;

                case SessionEffect.CommitMessage:
                    IMessageWriter writer = _writer!;
                    _writer = null;
                    decision = Demand(await writer.CommitAsync(_server.StoppedForGood).ConfigureAwait(false));
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

            if (effect is SessionEffect.OpenMessage or SessionEffect.CommitMessage)
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

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<SmtpReply> OpenMessageAsync()
    {
        _activity = SmtpServerActivity.StartMessage(_context, _session.Envelope);
        MessageOpening opening = await _options.MessageSink.OpenAsync(_context, _session.Envelope, Gone).ConfigureAwait(false);
        _writer = opening.Writer;
        if (opening.Writer is not null)
        {
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
        try
        {
            await writer.CommitAsync(replies, _server.StoppedForGood).ConfigureAwait(false);
            foreach (SmtpReply reply in replies)
            {
                Demand(reply);
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
        _session.ResumeCommit(replies, _output);
    }

    private async ValueTask<ScramSecret?> FindSecretAsync(SaslCredentials credentials)
    {
        try
        {
            return _options.Authenticator is IScramSecretStore store
                ? await store.FindSecretAsync(_context, credentials.AuthenticationId, Gone).ConfigureAwait(false)
                : null;
        }
        catch (Exception error)
        {
            if (!IsCancellation(error))
            {
                ServerLog.SeamFailed(_logger, Id, nameof(IScramSecretStore), error);
            }

            return null;
        }
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

    private async ValueTask<AuthenticationResult> AuthenticateAsync(SaslCredentials credentials)
    {
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

            return AuthenticationResult.Unavailable;
        }

        OnAuthenticationEnded(credentials.Mechanism, result.Identity);
        return result;
    }

    /// <summary>
    /// Tells of a SCRAM exchange that is over, and holds its refusal back as any other. The session decides such an exchange alone, so that no effect says so.
    /// </summary>
    private ValueTask ReportProofAsync()
    {
        if (_claim is null || _session.Phase == SessionPhase.Authenticating)
        {
            return ValueTask.CompletedTask;
        }

        OnAuthenticationEnded(_claim.Mechanism, _session.Identity);
        _claim = null;
        return _session.IsAuthenticated ? ValueTask.CompletedTask : DelayAsync(_options.Timeouts.AuthenticationFailureDelay);
    }

    private void OnAuthenticationEnded(string mechanism, string? identity)
    {
        _metrics.Authentication(mechanism, identity is not null);
        if (identity is not null)
        {
            ServerLog.Authenticated(_logger, Id, identity, mechanism);
        }
        else
        {
            ServerLog.AuthenticationFailed(_logger, Id, _context.RemoteEndPoint, mechanism);
        }
    }

    private bool IsCancellation(Exception error) => error is OperationCanceledException && (_server.IsStoppedForGood || _gone is { IsCancellationRequested: true });
}
