using System.Diagnostics;
using System.Globalization;
using System.Text;
using Relay.Spool;

// What the store alone can do, without SMTP: messages of 4 KB enqueued by 20 callers at once, then leased and completed, on an empty queue and on one with
// many deferred messages, each of which was tried once. With MESSAGES 0 it only fills the spool. Usage: Relay.SpoolBench FOLDER MESSAGES DEFERRED
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
if (messages > 0)
{
    await RunAsync("empty queue");
}

if (deferred > 0)
{
    var watch = Stopwatch.StartNew();
    await DeferAsync();
    Console.WriteLine($"{deferred:N0} messages deferred in {watch.Elapsed.TotalSeconds:N1} s, memory {Environment.WorkingSet / 1048576} MB");
    for (int i = 0; i < 3 && messages > 0; i++)
    {
        await RunAsync($"{deferred:N0} waiting");
    }
}

return 0;

async Task RunAsync(string name)
{
    var watch = Stopwatch.StartNew();
    await EnqueueAsync(messages, i => $"u{i}@d{i % 100}.example", Callers);
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

// Taken and tried once, in parts, so that memory does not depend on how many there are. The next attempts are spread over a day, a day from now.
async Task DeferAsync()
{
    const int Part = 10_000;
    var reply = new RecipientReply(451, "4.7.1", "Greylisted, try again later", "mx.example[192.0.2.1]:25");
    DateTimeOffset tomorrow = DateTimeOffset.UtcNow.AddDays(1);
    for (int start = 0; start < deferred; start += Part)
    {
        int part = Math.Min(Part, deferred - start);
        int first = start;
        await EnqueueAsync(part, i => $"u{first + i}@d{(first + i) % 1000}.example", 500);
        var completions = new List<Task>(part);
        while (completions.Count < part)
        {
            foreach (Lease lease in await spool.LeaseAsync(new LeaseRequest { Maximum = 500 }))
            {
                completions.Add(spool.CompleteAsync(new Completion(
                    lease,
                    [new RecipientOutcome(0, RecipientState.Queued, reply) { NextAttemptAt = tomorrow.AddSeconds((first + completions.Count) * 7 % 86_400) }])).AsTask());
            }
        }

        await Task.WhenAll(completions);
    }
}

async Task EnqueueAsync(int count, Func<int, string> recipient, int callers)
{
    int next = 0;
    await Task.WhenAll(Enumerable.Range(0, callers).Select(_ => Task.Run(async () =>
    {
        for (int i = Interlocked.Increment(ref next); i <= count; i = Interlocked.Increment(ref next))
        {
            await spool.EnqueueAsync(new NewMessage
            {
                Id = spool.NewId(),
                Facts = new MessageFacts { ReversePath = "a@example.com", SenderDomain = "example.com", Subject = "x" },
                Recipients = [NewRecipient.Of(recipient(i))],
                Content = NewContent.FromMemory(content),
            });
        }
    })));
}
