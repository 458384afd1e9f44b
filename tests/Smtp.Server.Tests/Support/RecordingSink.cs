using System.Threading.Channels;
using Smtp.Core;

namespace Smtp.Server.Tests;

/// <summary>A sink that keeps all messages, checks the contract of <see cref="IMessageWriter"/>, and lets a test decide each step.</summary>
internal sealed class RecordingSink : IMessageSink
{
    private readonly List<RecordedMessage> _messages = [];
    private readonly Channel<RecordedMessage> _ended = Channel.CreateUnbounded<RecordedMessage>();

    public SmtpExtensions SupportedExtensions { get; init; }

    /// <summary>Asked at each message; <c>default</c> lets the sink take it.</summary>
    internal Func<CancellationToken, ValueTask<MessageOpening?>>? OnOpen { get; set; }

    internal Func<RecordedMessage, CancellationToken, ValueTask>? OnWrite { get; set; }

    internal Func<RecordedMessage, CancellationToken, ValueTask<SmtpReply>>? OnCommit { get; set; }

    internal Func<RecordedMessage, ValueTask>? OnAbort { get; set; }

    internal IReadOnlyList<RecordedMessage> Messages
    {
        get
        {
            lock (_messages)
            {
                return [.. _messages];
            }
        }
    }

    public async ValueTask<MessageOpening> OpenAsync(SmtpSessionContext session, Envelope envelope, CancellationToken cancellationToken)
    {
        if (OnOpen is { } open && await open(cancellationToken) is { } opening)
        {
            return opening;
        }

        var message = new RecordedMessage(this, session, envelope);
        lock (_messages)
        {
            _messages.Add(message);
        }

        return MessageOpening.Accept(message);
    }

    /// <summary>Waits until a message was committed or aborted.</summary>
    internal Task<RecordedMessage> NextEndedAsync() => _ended.Reader.ReadAsync(TestContext.Current.CancellationToken).AsTask().Guarded();

    internal void OnEnded(RecordedMessage message) => _ended.Writer.TryWrite(message);
}
