using System.Diagnostics;
using System.Globalization;
using System.Text;
using Relay.Spool;

// What the store alone can do, without SMTP: messages of 4 KB enqueued by 20 callers at once, then leased and completed, on an empty queue and on one with
// many deferred messages. Usage: Relay.SpoolBench FOLDER MESSAGES DEFERRED
if (args.Length != 3)
{
    Console.Error.WriteLine("Usage: Relay.SpoolBench FOLDER MESSAGES DEFERRED");
    return 1;
}

const int Callers = 20;
string folder = args[0];
int messages = int.Parse(args[1], CultureInfo.InvariantCulture);
int deferred = int.Parse(args[2], CultureInfo.InvariantCulture);
byte[] content = Encoding.ASCII.GetBytes("From: <a@example.com>\r\nSubject: x\r\n\r\n" + string.Concat(Enumerable.Repeat(new string('x', 76) + "\r\n", 52)));

await using SqliteSpool spool = SqliteSpool.Open(new SpoolOptions { Path = folder });
await RunAsync("empty queue");
if (deferred > 0)
{
    var watch = Stopwatch.StartNew();
    await EnqueueAsync(deferred, i => $"u{i}@d{i % 1000}.example", DateTimeOffset.UtcNow.AddDays(1));
    Console.WriteLine($"{deferred:N0} messages for later stored in {watch.Elapsed.TotalSeconds:N1} s");
    for (int i = 0; i < 3; i++)
    {
        await RunAsync($"{deferred:N0} waiting");
    }
}

return 0;

async Task RunAsync(string name)
{
    var watch = Stopwatch.StartNew();
    await EnqueueAsync(messages, i => $"u{i}@d{i % 100}.example", null);
    double enqueue = watch.Elapsed.TotalSeconds;
    watch.Restart();
    int done = 0;
    var completions = new List<Task>();
    while (done < messages)
    {
        IReadOnlyList<Lease> leases = await spool.LeaseAsync(new LeaseRequest());
        foreach (Lease lease in leases)
        {
            using SpoolContent body = await spool.OpenContentAsync(lease.Message);
            completions.Add(spool.CompleteAsync(new Completion(
                lease, [new RecipientOutcome(0, RecipientState.Delivered, new RecipientReply(250, "2.0.0", "OK", "mx"))])).AsTask());
        }

        done += leases.Count;
    }

    await Task.WhenAll(completions);
    double deliver = watch.Elapsed.TotalSeconds;
    Console.WriteLine(
        $"{name}: enqueue {messages / enqueue:N0}/s, lease+read+complete {messages / deliver:N0}/s, per message {(enqueue + deliver) * 1e6 / messages:N1} us, "
        + $"memory {Environment.WorkingSet / 1048576} MB, managed {GC.GetTotalMemory(true) / 1048576} MB");
}

async Task EnqueueAsync(int count, Func<int, string> recipient, DateTimeOffset? scheduledAt)
{
    int next = 0;
    await Task.WhenAll(Enumerable.Range(0, scheduledAt is null ? Callers : 500).Select(_ => Task.Run(async () =>
    {
        for (int i = Interlocked.Increment(ref next); i <= count; i = Interlocked.Increment(ref next))
        {
            await spool.EnqueueAsync(new NewMessage
            {
                Id = spool.NewId(),
                Facts = new MessageFacts { ReversePath = "a@example.com", SenderDomain = "example.com", Subject = "x", ScheduledAt = scheduledAt },
                Recipients = [NewRecipient.Of(recipient(i))],
                Content = NewContent.FromMemory(content),
            });
        }
    })));
}
