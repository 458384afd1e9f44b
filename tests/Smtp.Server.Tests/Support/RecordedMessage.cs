using System.Buffers;
using System.Net;
using System.Security.Authentication;
using System.Text;
using Smtp.Core;

namespace Smtp.Server.Tests;

/// <summary>One message at the sink: its envelope, its content and what was called on it.</summary>
internal sealed class RecordedMessage : IMessageWriter
{
    private readonly RecordingSink _sink;
    private readonly ArrayBufferWriter<byte> _content = new();
    private readonly List<string> _violations = [];
    private int _busy;
    private int _commits;
    private int _aborts;

    internal RecordedMessage(RecordingSink sink, SmtpSessionContext session, Envelope envelope)
    {
        _sink = sink;
        Sender = envelope.ReversePath.ToString();
        Recipients = [.. envelope.CopyForwardPaths().Select(p => p.ToString())];
        Body = envelope.Body;
        SmtpUtf8 = envelope.SmtpUtf8;
        Return = envelope.Return;
        EnvelopeId = Encoding.ASCII.GetString(envelope.EnvelopeId.Span);
        Notify = [.. Enumerable.Range(0, envelope.RecipientCount).Select(i => envelope[i].Notify)];
        OriginalRecipients = [.. Enumerable.Range(0, envelope.RecipientCount).Select(i => Encoding.ASCII.GetString(envelope[i].OriginalRecipient.Span))];
        RemoteEndPoint = session.RemoteEndPoint;
        TlsProtocol = session.TlsProtocol;
        Identity = session.Identity;
        IsTls = session.IsTls;
        HelloName = session.HelloName;
    }

    internal string Sender { get; }

    internal IReadOnlyList<string> Recipients { get; }

    internal BodyType Body { get; }

    internal bool SmtpUtf8 { get; }

    internal DsnReturn Return { get; }

    internal string EnvelopeId { get; }

    internal IReadOnlyList<DsnNotify> Notify { get; }

    internal IReadOnlyList<string> OriginalRecipients { get; }

    internal EndPoint? RemoteEndPoint { get; }

    internal SslProtocols TlsProtocol { get; }

    internal string? Identity { get; }

    internal bool IsTls { get; }

    internal string HelloName { get; }

    internal int Commits => _commits;

    internal int Aborts => _aborts;

    internal int Length => _content.WrittenCount;

    internal byte[] Content => _content.WrittenSpan.ToArray();

    internal string Text => Encoding.Latin1.GetString(_content.WrittenSpan);

    public async ValueTask WriteAsync(ReadOnlyMemory<byte> chunk, CancellationToken cancellationToken)
    {
        Enter(nameof(WriteAsync));
        try
        {
            if (chunk.IsEmpty)
            {
                Violation("WriteAsync with nothing");
            }

            _content.Write(chunk.Span);
            if (_sink.OnWrite is { } write)
            {
                await write(this, cancellationToken);
            }
        }
        finally
        {
            Leave();
        }
    }

    public async ValueTask<SmtpReply> CommitAsync(CancellationToken cancellationToken)
    {
        Enter(nameof(CommitAsync));
        Interlocked.Increment(ref _commits);
        try
        {
            return _sink.OnCommit is { } commit ? await commit(this, cancellationToken) : Replies.MessageAccepted;
        }
        finally
        {
            Leave();
            _sink.OnEnded(this);
        }
    }

    public async ValueTask AbortAsync()
    {
        Enter(nameof(AbortAsync));
        Interlocked.Increment(ref _aborts);
        try
        {
            if (_sink.OnAbort is { } abort)
            {
                await abort(this);
            }
        }
        finally
        {
            Leave();
            _sink.OnEnded(this);
        }
    }

    /// <summary>Asserts that the message was ended, once, as expected, and that nothing was called that must not be.</summary>
    internal void AssertEnded(bool committed)
    {
        lock (_violations)
        {
            Assert.Empty(_violations);
        }

        Assert.Equal(committed ? 1 : 0, _commits);
        Assert.Equal(committed ? 0 : 1, _aborts);
    }

    private void Enter(string call)
    {
        if (Interlocked.Exchange(ref _busy, 1) != 0)
        {
            Violation($"{call} while another call was running");
        }

        if (_commits + _aborts > 0)
        {
            Violation($"{call} after {_commits} commits and {_aborts} aborts");
        }
    }

    private void Leave() => Volatile.Write(ref _busy, 0);

    private void Violation(string what)
    {
        lock (_violations)
        {
            _violations.Add(what);
        }
    }
}
