using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Relay.Spool;
using Smtp.Client;
using Smtp.Interop;

namespace Relay.Delivery.Tests;

/// <summary>A spool in a folder of its own, and a service that delivers from it.</summary>
internal sealed class Bench : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();

    internal Bench(Func<DeliverySettings, DeliverySettings> with, TimeProvider? time = null)
        : this((settings, _) => with(settings), time)
    {
    }

    /// <param name="with">Makes the settings, with files in the bench's folder.</param>
    /// <param name="time">The clock.</param>
    internal Bench(Func<DeliverySettings, TemporaryFolder, DeliverySettings> with, TimeProvider? time = null)
    {
        Spool = SqliteSpool.Open(new SpoolOptions { Path = _folder["spool"], TimeProvider = time ?? TimeProvider.System });
        Service = new DeliveryService(Spool, with(Settings, _folder), NullLoggerFactory.Instance);
    }

    internal static DeliverySettings Settings { get; } = new()
    {
        HostName = "relay.example.test",
        Retry = new RetrySchedule { First = TimeSpan.FromMilliseconds(100), Longest = TimeSpan.FromMilliseconds(200) },
        Shaping = new ShapingSettings { FirstBackoff = TimeSpan.FromMilliseconds(100), LongestBackoff = TimeSpan.FromMilliseconds(400), IdleTime = TimeSpan.FromMilliseconds(200) },
        GraceTime = TimeSpan.FromSeconds(10),
    };

    internal SqliteSpool Spool { get; }

    internal DeliveryService Service { get; private set; }

    internal static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    internal static RouteSettings To(int port) => new("127.0.0.1", port, SmtpTlsMode.None);

    internal static RouteSettings To(Hop hop) => To(hop.Port);

    internal string this[string name] => _folder[name];

    /// <summary>Stops the service and starts another one over the same spool, as a restart does.</summary>
    internal async Task RestartAsync()
    {
        DeliverySettings settings = Service.Settings;
        await Service.DisposeAsync();
        Service = new DeliveryService(Spool, settings, NullLoggerFactory.Instance);
        Service.Start();
    }

    internal async Task<MessageId> EnqueueAsync(string recipient, Func<MessageFacts, MessageFacts>? with = null, string content = "Subject: x\r\n\r\nHello\r\n") =>
        await EnqueueAsync([NewRecipient.Of(recipient)], with, content);

    internal async Task<MessageId> EnqueueAsync(IReadOnlyList<NewRecipient> recipients, Func<MessageFacts, MessageFacts>? with = null, string content = "Subject: x\r\n\r\nHello\r\n")
    {
        var facts = new MessageFacts { ReversePath = "ann@example.test", SenderDomain = "example.test" };
        var message = new NewMessage
        {
            Id = Spool.NewId(),
            Facts = with?.Invoke(facts) ?? facts,
            Recipients = recipients,
            Content = NewContent.FromMemory(Encoding.UTF8.GetBytes(content)),
        };
        await Spool.EnqueueAsync(message, Cancellation);
        return message.Id;
    }

    /// <summary>Waits until a message's recipients are as they should be.</summary>
    internal async Task<IReadOnlyList<StoredRecipient>> UntilAsync(MessageId id, Func<StoredRecipient, bool> all)
    {
        long seen = 0;
        while (true)
        {
            IReadOnlyList<SpoolEvent> events = await Spool.EventsAfterAsync(seen, 1000, Cancellation);
            seen = events.Count > 0 ? events[^1].Id : seen;
            IReadOnlyList<StoredRecipient> recipients = await Spool.RecipientsAsync(id, Cancellation);
            if (recipients.All(all))
            {
                return recipients;
            }

            await Spool.WaitForEventsAsync(seen, Cancellation);
        }
    }

    internal Task<IReadOnlyList<StoredRecipient>> UntilDoneAsync(MessageId id) => UntilAsync(id, r => r.IsFinal);

    /// <summary>Waits until nothing waits any more, notifications included.</summary>
    internal async Task UntilEmptyAsync()
    {
        long seen = 0;
        while (true)
        {
            IReadOnlyList<SpoolEvent> events = await Spool.EventsAfterAsync(seen, 10_000, Cancellation);
            seen = events.Count > 0 ? events[^1].Id : seen;
            QueueFigures figures = await Spool.FiguresAsync(Cancellation);
            if (figures is { Waiting: 0, Leased: 0 })
            {
                return;
            }

            await Spool.WaitForEventsAsync(seen, Cancellation);
        }
    }

    internal async Task<SpoolEventType[]> EventsAsync(MessageId id) => [.. (await Spool.EventsAsync(id, Cancellation)).Select(e => e.Type)];

    public async ValueTask DisposeAsync()
    {
        await Service.DisposeAsync();
        Spool.Dispose();
        _folder.Dispose();
    }
}
