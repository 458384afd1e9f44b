using System.Buffers;
using System.Text;
using Smtp.Core;
using Smtp.Server;

namespace Smtp.Testing;

/// <summary>Policy, authenticator, sink and watcher of a test server: each asks the rules, and otherwise accepts.</summary>
internal sealed class TestSeams(SmtpTestServer server, IEnumerable<KeyValuePair<string, string>> users)
    : IEnvelopePolicy, ISmtpAuthenticator, IMessageSink, ISmtpSessionEvents
{
    private readonly PasswordListAuthenticator _users = new(users);

    /// <inheritdoc/>
    public SmtpExtensions SupportedExtensions => (SmtpExtensions)~0;

    /// <inheritdoc/>
    public ValueTask<SmtpReply> CheckClientAsync(SmtpSessionContext session, CancellationToken cancellationToken) =>
        server.ActAsync(new SmtpTestStepContext(SmtpTestStep.Connect, session, string.Empty, []), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<SmtpReply> CheckHelloAsync(SmtpSessionContext session, CancellationToken cancellationToken) =>
        server.ActAsync(new SmtpTestStepContext(SmtpTestStep.Hello, session, string.Empty, []), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<SmtpReply> CheckSenderAsync(SmtpSessionContext session, Envelope envelope, CancellationToken cancellationToken) =>
        server.ActAsync(Context(SmtpTestStep.Sender, session, envelope), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<SmtpReply> CheckRecipientAsync(
        SmtpSessionContext session, Envelope envelope, EnvelopeRecipient recipient, CancellationToken cancellationToken)
    {
        SmtpTestStepContext context = Context(SmtpTestStep.Recipient, session, envelope);
        return server.ActAsync(context with { To = [.. context.To, recipient.ForwardPath.ToString()] }, cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<SmtpReply> CheckDataAsync(SmtpSessionContext session, Envelope envelope, CancellationToken cancellationToken) =>
        server.ActAsync(Context(SmtpTestStep.Data, session, envelope), cancellationToken);

    /// <inheritdoc/>
    public async ValueTask<AuthenticationResult> AuthenticateAsync(SmtpSessionContext session, SaslCredentials credentials, CancellationToken cancellationToken)
    {
        SmtpReply refusal = await server.ActAsync(new SmtpTestStepContext(SmtpTestStep.Authenticate, session, string.Empty, []), cancellationToken).ConfigureAwait(false);
        return refusal.IsNone
            ? await _users.AuthenticateAsync(session, credentials, cancellationToken).ConfigureAwait(false)
            : AuthenticationResult.Refuse(refusal);
    }

    /// <inheritdoc/>
    public ValueTask<MessageOpening> OpenAsync(SmtpSessionContext session, Envelope envelope, CancellationToken cancellationToken) =>
        ValueTask.FromResult(MessageOpening.Accept(new Writer(server, session, envelope)));

    /// <inheritdoc/>
    public void OnCommand(SmtpSessionContext session, ReadOnlySpan<byte> line)
    {
        server.Note(session, 'C', line.IsEmpty ? "(not shown)" : Encoding.UTF8.GetString(line));
        if (Ascii.EqualsIgnoreCase(line, "STARTTLS"u8))
        {
            server.ActAtOnce(new SmtpTestStepContext(SmtpTestStep.StartTls, session, string.Empty, []));
        }
        else if (Ascii.EqualsIgnoreCase(line, "QUIT"u8))
        {
            server.ActAtOnce(new SmtpTestStepContext(SmtpTestStep.Quit, session, string.Empty, []));
        }
    }

    /// <inheritdoc/>
    public void OnReply(SmtpSessionContext session, SmtpVerb verb, int code, ReadOnlySpan<byte> wire) =>
        server.Note(session, 'S', wire.IsEmpty ? $"{code} (not shown)" : Encoding.UTF8.GetString(wire));

    private static SmtpTestStepContext Context(SmtpTestStep step, SmtpSessionContext session, Envelope envelope) =>
        new(step, session, envelope.ReversePath.ToString(), [.. envelope.CopyForwardPaths().Select(path => path.ToString())]);

    private sealed class Writer(SmtpTestServer server, SmtpSessionContext session, Envelope envelope) : IMessageWriter
    {
        private readonly ArrayBufferWriter<byte> _content = new();
        private SmtpReply _refusal;
        private bool _hasBegun;

        public async ValueTask WriteAsync(ReadOnlyMemory<byte> chunk, CancellationToken cancellationToken)
        {
            if (!_hasBegun)
            {
                _hasBegun = true;
                _refusal = await server.ActAsync(Context(SmtpTestStep.Body, session, envelope), cancellationToken).ConfigureAwait(false);
            }

            _content.Write(chunk.Span);
        }

        public async ValueTask<SmtpReply> CommitAsync(CancellationToken cancellationToken)
        {
            SmtpReply refusal = _refusal.IsNone
                ? await server.ActAsync(Context(SmtpTestStep.Commit, session, envelope), cancellationToken).ConfigureAwait(false)
                : _refusal;
            if (!refusal.IsNone)
            {
                return refusal;
            }

            server.Keep(new ReceivedMessage(session, envelope, _content.WrittenMemory));
            await server.ActAsync(Context(SmtpTestStep.Committed, session, envelope), cancellationToken).ConfigureAwait(false);
            return Replies.MessageAccepted;
        }

        public ValueTask AbortAsync() => default;
    }
}
