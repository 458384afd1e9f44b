using System.Collections.Concurrent;
using System.Text;
using Smtp.Core;
using Smtp.Server;

namespace Smtp.Packages.Tests;

/// <summary>Keeps what comes.</summary>
public sealed class KeepingSink : IMessageSink
{
    private readonly BufferedMessageSink _inner;

    public KeepingSink() => _inner = new BufferedMessageSink((session, envelope, content, _) =>
    {
        Sessions.Enqueue(new SessionFacts(session.Identity, session.IsTls, session.TlsCipherSuite, session.TlsServerName, session.RemoteEndPoint));
        Messages.Enqueue(Encoding.UTF8.GetString(content.Span));
        return new(Replies.MessageAccepted);
    });

    public ConcurrentQueue<string> Messages { get; } = new();

    internal ConcurrentQueue<SessionFacts> Sessions { get; } = new();

    public ValueTask<MessageOpening> OpenAsync(SmtpSessionContext session, Envelope envelope, CancellationToken cancellationToken) =>
        _inner.OpenAsync(session, envelope, cancellationToken);

    internal sealed record SessionFacts(string? Identity, bool IsTls, string? CipherSuite, string? ServerName, System.Net.EndPoint? Remote);
}
