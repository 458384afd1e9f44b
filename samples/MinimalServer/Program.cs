using System.Buffers;
using System.Net;
using System.Text;
using Smtp.Core;
using Smtp.Server;

// A server that prints the mail it gets. Try it: swaks -s 127.0.0.1:2500 -f you@example.com -t friend@example.net
await using var server = new SmtpServer(new SmtpServerOptions
{
    Listeners = [new SmtpListenerOptions { EndPoint = IPEndPoint.Parse("127.0.0.1:2500") }],
    MessageSink = new PrintingSink(),
});
server.Start();
Console.WriteLine($"Listening on {server.EndPoints[0]}; Ctrl-C stops.");

// Leaving the `await using` lets messages that are on their way end first.
var stop = new TaskCompletionSource();
Console.CancelKeyPress += (_, e) =>
{
    e.Cancel = true;
    stop.TrySetResult();
};
await stop.Task;

/// <summary>Makes a writer for each message.</summary>
internal sealed class PrintingSink : IMessageSink
{
    public ValueTask<MessageOpening> OpenAsync(SmtpSessionContext session, Envelope envelope, CancellationToken cancellationToken) =>
        ValueTask.FromResult(MessageOpening.Accept(new PrintingWriter(envelope)));
}

/// <summary>Gets the body piece by piece. A real one writes each piece where it is safe; this one keeps them, to print them in one go.</summary>
internal sealed class PrintingWriter(Envelope envelope) : IMessageWriter
{
    private readonly ArrayBufferWriter<byte> _body = new();

    public ValueTask WriteAsync(ReadOnlyMemory<byte> chunk, CancellationToken cancellationToken)
    {
        _body.Write(chunk.Span);
        return default;
    }

    // The reply is a promise: return MessageAccepted (250) when the message can no longer be lost, or a refusal.
    public ValueTask<SmtpReply> CommitAsync(CancellationToken cancellationToken)
    {
        Console.WriteLine($"From <{envelope.ReversePath}> to <{string.Join(">, <", envelope.CopyForwardPaths())}>:");
        Console.WriteLine(Encoding.UTF8.GetString(_body.WrittenSpan));
        return ValueTask.FromResult(Replies.MessageAccepted);
    }

    public ValueTask AbortAsync() => default;
}
