using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Time.Testing;

namespace Smtp.Client.Tests;

/// <summary>The names that dashboards are built on.</summary>
public sealed class SmtpClientDiagnosticsTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_send_is_measured()
    {
        await using var server = new LoopbackServer((step, name) => (step, name) switch
        {
            (ServerStep.Recipient, "refused") => ServerAct.Say550,
            (ServerStep.Committed, "uncertain") => ServerAct.Reset,
            (ServerStep.Idle, "last") => ServerAct.Say421,
            _ => ServerAct.GoOn,
        });
        var measured = new ConcurrentQueue<(string Name, double Value, Dictionary<string, object?> Tags)>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, listening) =>
            {
                if (instrument.Meter.Name == "Smtp.Client")
                {
                    listening.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Add(instrument, value, tags));
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Add(instrument, value, tags));
        listener.Start();
        await using (var client = new SmtpClient(server.Options(maxConnections: 1)))
        {
            await client.SendAsync(LoopbackServer.Message("good"), Token);
            await client.SendAsync(LoopbackServer.Message("refused"), Token);
            await Assert.ThrowsAsync<SmtpTransportException>(async () => await client.SendAsync(LoopbackServer.Message("uncertain"), Token));
            using var cancelled = new CancellationTokenSource(0);
            await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await client.SendAsync(LoopbackServer.Message("cancelled"), cancelled.Token));
            await client.SendAsync(LoopbackServer.Message("last"), Token);
            Assert.Equal(1, Sum("smtp.client.connection.count"));
        }

        await using (var nobody = new SmtpClient(server.Options()))
        {
            await server.DisposeAsync();
            await Assert.ThrowsAsync<SmtpTransportException>(async () => await nobody.SendAsync(LoopbackServer.Message("lost"), Token));
        }

        Assert.Equal(2, Sum("smtp.client.messages", "smtp.outcome", "accepted"));
        Assert.Equal(1, Sum("smtp.client.messages", "smtp.outcome", "refused"));
        Assert.Equal(1, Sum("smtp.client.messages", "smtp.outcome", "uncertain"));
        Assert.Equal(1, Sum("smtp.client.messages", "smtp.outcome", "failed"));
        Assert.Equal(2, Sum("smtp.client.recipients", "smtp.outcome", "accepted"));
        Assert.Equal(1, Sum("smtp.client.recipients", "smtp.outcome", "permanent"));
        Assert.Equal(2 * LoopbackServer.Message("good").Content.Length!.Value, Sum("smtp.client.message.size"));
        Assert.Equal(0, Sum("smtp.client.connection.count"));
        Assert.Equal(0, Sum("smtp.client.connection.pending_requests"));
        Assert.Equal(5, Count("smtp.client.send.duration"));
        Assert.Equal(2, Count("smtp.client.connection.create_time", "error.type", null));
        Assert.Equal(1, Count("smtp.client.connection.create_time", "error.type", "ConnectFailed"));
        Assert.Equal(1, Count("smtp.client.send.duration", "error.type", "ConnectFailed"));
        Assert.Equal(1, Count("smtp.client.connection.duration", "smtp.close_reason", "Unusable"));
        Assert.True(Count("smtp.client.connection.wait_time") >= 4);
        Assert.All(measured, m => Assert.Equal("127.0.0.1", m.Tags["server.address"]));

        void Add(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            var all = new Dictionary<string, object?>(tags.ToArray());

            // The meter is the process', and other tests run beside this one.
            if (Equals(all["server.port"], server.Port))
            {
                measured.Enqueue((instrument.Name, value, all));
            }
        }

        double Sum(string name, string? tag = null, string? value = null) => Of(name, tag, value).Sum(m => m.Value);

        int Count(string name, string? tag = null, string? value = null) => Of(name, tag, value).Count();

        IEnumerable<(string Name, double Value, Dictionary<string, object?> Tags)> Of(string name, string? tag, string? value) =>
            measured.Where(m => m.Name == name && (tag is null || Equals(m.Tags.GetValueOrDefault(tag), value)));
    }

    [Fact]
    public async Task Who_got_no_connection_in_time_and_who_was_sent_anew_is_counted()
    {
        var time = new FakeTimeProvider();
        var stalled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var server = new LoopbackServer((step, name) =>
        {
            if ((step, name) != (ServerStep.Recipient, "stalls"))
            {
                return ServerAct.GoOn;
            }

            stalled.SetResult();
            return ServerAct.Stall;
        });
        int closes = 0;
        await using var closing = new LoopbackServer((step, name) =>
            step == ServerStep.Mail && name == "anew" && Interlocked.Increment(ref closes) == 1 ? ServerAct.Close : ServerAct.GoOn);
        var counted = new ConcurrentQueue<(string Name, long Value, object? Port)>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, listening) =>
            {
                if (instrument is { Meter.Name: "Smtp.Client", Name: "smtp.client.connection.timeouts" or "smtp.client.retries" })
                {
                    listening.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<long>(
            (instrument, value, tags, _) => counted.Enqueue((instrument.Name, value, tags.ToArray().Single(tag => tag.Key == "server.port").Value)));
        listener.Start();
        await using (var client = new SmtpClient(server.Options(maxConnections: 1, timeProvider: time, acquireTimeout: TimeSpan.FromSeconds(5), shutdownGrace: TimeSpan.Zero)))
        {
            using var cancellation = new CancellationTokenSource();
            Task<SendResult> stalls = client.SendAsync(LoopbackServer.Message("stalls"), cancellation.Token).AsTask();
            await stalled.Task.WaitAsync(Token);
            Task<SendResult> late = client.SendAsync(LoopbackServer.Message("late"), Token).AsTask();
            time.Advance(TimeSpan.FromSeconds(5));
            SmtpTransportException error = await Assert.ThrowsAsync<SmtpTransportException>(() => late);
            Assert.Equal(TransportFailure.PoolTimedOut, error.Failure);
            await cancellation.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => stalls);
        }

        await using (var client = new SmtpClient(closing.Options(maxConnections: 1)))
        {
            Assert.True((await client.SendAsync(LoopbackServer.Message("first"), Token)).IsAccepted);
            Assert.True((await client.SendAsync(LoopbackServer.Message("anew"), Token)).IsAccepted);
        }

        Assert.Contains(("smtp.client.connection.timeouts", 1L, (object?)server.Port), counted);
        Assert.Contains(("smtp.client.retries", 1L, (object?)closing.Port), counted);
        Assert.Equal(2, counted.Count(c => Equals(c.Port, server.Port) || Equals(c.Port, closing.Port)));
    }

    [Fact]
    public async Task What_is_logged_has_the_event_ids_of_the_README()
    {
        var log = new ListLogger();
        await using var server = new LoopbackServer((step, name) => (step, name) switch
        {
            (ServerStep.Recipient, "refused") => ServerAct.Say550,
            (ServerStep.Mail, "closed") => ServerAct.Say421,
            _ => ServerAct.GoOn,
        });
        await using (var client = new SmtpClient(new SmtpClientOptions
        {
            Host = "127.0.0.1",
            Port = server.Port,
            LocalName = "client.test",
            Tls = SmtpTlsMode.None,
            LoggerFactory = log,
            MaximumConnections = 1,
        }))
        {
            await client.SendAsync(LoopbackServer.Message("good"), Token);
            await client.SendAsync(LoopbackServer.Message("refused"), Token);
            await client.SendAsync(LoopbackServer.Message("closed"), Token);
            await server.DisposeAsync();
            await Assert.ThrowsAsync<SmtpTransportException>(async () => await client.SendAsync(LoopbackServer.Message("lost"), Token));
        }

        int[] ids = [.. log.Events.Distinct().Order()];
        Assert.Equal([1000, 1003, 1010, 1011, 1020, 1021, 1090, 1091, 1100, 1101, 1102, 1104, 1105], ids);
    }

    [Fact]
    public async Task A_chunk_is_in_the_trace_without_its_content()
    {
        var log = new ListLogger();
        await using TestConnection connection = await TestConnection.ConnectAsync(
            TestConnection.Options(loggerFactory: log), "PIPELINING", "CHUNKING", "BINARYMIME");
        SmtpMessage message = TestConnection.Message(MessageContent.FromStream(new MemoryStream("secret\0"u8.ToArray())));
        message.Envelope.Body = BodyType.BinaryMime;
        Task<SendResult> send = connection.Client.SendAsync(message, Token).AsTask();
        await connection.Peer.RunAsync("C: MAIL FROM:<a@c.test> BODY=BINARYMIME\nC: RCPT TO:<b@d.test>\nS: 250 OK\nS: 250 OK\nC: BDAT 7 LAST");
        await connection.Peer.ReadExactlyAsync(7);
        await connection.Peer.SayAsync("250 done\r\n");
        Assert.True((await send).IsAccepted);
        Assert.Contains("C: BDAT 7 LAST", log.Lines);
        Assert.DoesNotContain(log.Lines, line => line.Contains("secret", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Every_send_is_an_activity_of_its_caller()
    {
        var ended = new ConcurrentQueue<Activity>();
        await using var server = new LoopbackServer((step, name) => (step, name) switch
        {
            (ServerStep.Recipient, "refused") => ServerAct.Say550,
            _ => ServerAct.GoOn,
        });
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name is "Smtp.Client" or "Caller",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = activity =>
            {
                if (Equals(activity.GetTagItem("server.port"), server.Port))
                {
                    ended.Enqueue(activity);
                }
            },
        };
        ActivitySource.AddActivityListener(listener);
        using var source = new ActivitySource("Caller");
        using Activity caller = source.StartActivity("caller")!;
        await using var client = new SmtpClient(server.Options());
        await client.SendAsync(LoopbackServer.Message("good"), Token);
        Assert.Same(caller, Activity.Current);
        await client.SendAsync(LoopbackServer.Message("refused"), Token);
        Assert.Same(caller, Activity.Current);

        Activity[] activities = [.. ended];
        Assert.Equal(["smtp send", "smtp send"], activities.Select(a => a.OperationName));
        Assert.All(activities, a => Assert.Equal(caller.Id, a.ParentId));
        Assert.All(activities, a => Assert.Equal(ActivityKind.Client, a.Kind));
        Assert.Equal([ActivityStatusCode.Ok, ActivityStatusCode.Error], activities.Select(a => a.Status));
        Assert.Equal([250, 550], activities.Select(a => a.GetTagItem("smtp.reply_code")));
        Assert.Equal(["accepted", "refused"], activities.Select(a => a.GetTagItem("smtp.outcome")));
        Assert.All(activities, a => Assert.Equal("smtp", a.GetTagItem("messaging.system")));
        Assert.All(activities, a => Assert.Equal("send", a.GetTagItem("messaging.operation.type")));
        Assert.All(activities, a => Assert.Equal("127.0.0.1", a.GetTagItem("server.address")));
        Assert.All(activities, a => Assert.Equal(1, a.GetTagItem("smtp.recipient.count")));
    }
}
