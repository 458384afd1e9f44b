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
            switch (effect)
            {
                case SessionEffect.CheckClient:
                    return await _options.Policy.CheckClientAsync(_context, Gone).ConfigureAwait(false);

                case SessionEffect.CheckHello:
                    return await _options.Policy.CheckHelloAsync(_context, Gone).ConfigureAwait(false);

                case SessionEffect.CheckSender:
                    return await _options.Policy.CheckSenderAsync(_context, _session.Envelope, Gone).ConfigureAwait(false);

                case SessionEffect.CheckRecipient:
                    return await _options.Policy.CheckRecipientAsync(_context, _session.Envelope, _session.Recipient, Gone).ConfigureAwait(false);

                case SessionEffect.OpenMessage:
                    SmtpReply verdict = await _options.Policy.CheckDataAsync(_context, _session.Envelope, Gone).ConfigureAwait(false);
                    if (!verdict.IsPositive)
                    {
                        return verdict;
                    }

                    _activity = SmtpServerActivity.StartMessage(_context, _session.Envelope);
                    MessageOpening opening = await _options.MessageSink.OpenAsync(_context, _session.Envelope, Gone).ConfigureAwait(false);
                    _writer = opening.Writer;
                    if (opening.Writer is null)
                    {
                        OnMessageEnded(accepted: false, opening.Refusal.Code);
                        return opening.Refusal.IsNone ? Replies.LocalError : opening.Refusal;
                    }

                    return default;

                case SessionEffect.CommitMessage:
                    IMessageWriter writer = _writer!;
                    _writer = null;
                    SmtpReply reply = await writer.CommitAsync(_server.StoppedForGood).ConfigureAwait(false);
                    OnMessageEnded(reply.IsPositive, reply.Code);
                    return reply;

                default:
                    throw new InvalidOperationException($"{effect} asks for no decision.");
            }
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

        _metrics.Authentication(credentials.Mechanism, result.Identity is not null);
        if (result.Identity is { } identity)
        {
            ServerLog.Authenticated(_logger, Id, identity, credentials.Mechanism);
        }
        else
        {
            ServerLog.AuthenticationFailed(_logger, Id, _transport.RemoteEndPoint, credentials.Mechanism);
        }

        return result;
    }

    private bool IsCancellation(Exception error) => error is OperationCanceledException && _gone is { IsCancellationRequested: true };
}
