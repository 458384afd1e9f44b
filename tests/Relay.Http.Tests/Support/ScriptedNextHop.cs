using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using Smtp.Core;
using Smtp.Server;

namespace Relay.Http.Tests;

/// <summary>
/// A next hop on a free port that answers RCPT by the number in the recipient's name: u17@ is taken; of each ten, the fourth is refused for good, the eighth
/// says that its mailbox is full, and the sixth is put off once and then taken.
/// </summary>
internal sealed class ScriptedNextHop : IEnvelopePolicy, IMessageSink, IMessageWriter, IAsyncDisposable
{
    private readonly ConcurrentDictionary<int, bool> _putOff = new();
    private readonly SmtpServer _server;
    private int _taken;

    internal ScriptedNextHop()
    {
        _server = new SmtpServer(new SmtpServerOptions
        {
            HostName = "hop.example.net",
            Listeners = [new SmtpListenerOptions { EndPoint = new IPEndPoint(IPAddress.Loopback, 0) }],
            MessageSink = this,
            Policy = this,
            MaximumConnectionsPerAddress = 1000,
        });
        _server.Start();
    }

    internal int Port => ((IPEndPoint)_server.EndPoints[0]).Port;

    /// <summary>Messages answered with 250 at their end.</summary>
    internal int Taken => Volatile.Read(ref _taken);

    internal static bool IsRefused(int number) => number % 10 == 3;

    internal static bool IsFull(int number) => number % 10 == 7;

    internal static bool IsPutOff(int number) => number % 10 == 5;

    public ValueTask<SmtpReply> CheckRecipientAsync(SmtpSessionContext session, Envelope envelope, EnvelopeRecipient recipient, CancellationToken cancellationToken)
    {
        string path = recipient.ForwardPath.ToString();
        if (!int.TryParse(path.AsSpan(1, path.IndexOf('@', StringComparison.Ordinal) - 1), NumberStyles.None, CultureInfo.InvariantCulture, out int number))
        {
            // A notification to the sender.
            return default;
        }

        SmtpReply reply = IsRefused(number) ? SmtpReply.Create(550, new EnhancedStatus(5, 1, 1), "No such user")
            : IsFull(number) ? SmtpReply.Create(552, new EnhancedStatus(5, 2, 2), "Mailbox full")
            : IsPutOff(number) && _putOff.TryAdd(number, true) ? SmtpReply.Create(450, new EnhancedStatus(4, 2, 0), "Greylisted, try again later")
            : default;
        return ValueTask.FromResult(reply);
    }

    public ValueTask<MessageOpening> OpenAsync(SmtpSessionContext session, Envelope envelope, CancellationToken cancellationToken) =>
        ValueTask.FromResult(MessageOpening.Accept(this));

    public ValueTask WriteAsync(ReadOnlyMemory<byte> chunk, CancellationToken cancellationToken) => default;

    public ValueTask<SmtpReply> CommitAsync(CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _taken);
        return ValueTask.FromResult(SmtpReply.Create(250, new EnhancedStatus(2, 0, 0), "Taken"));
    }

    public ValueTask AbortAsync() => default;

    public ValueTask DisposeAsync() => _server.DisposeAsync();
}
