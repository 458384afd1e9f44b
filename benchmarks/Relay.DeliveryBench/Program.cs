using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Relay.Delivery;
using Relay.Spool;
using Smtp.Client;

// Delivery alone: a spool that is filled beforehand, emptied into Postfix's smtp-sink.
// Relay.DeliveryBench [messages=20000] [octets=4096] [connections=20] [domains=1] [folder=a temporary one]
int messages = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 20_000;
int octets = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 4096;
int connections = args.Length > 2 ? int.Parse(args[2], CultureInfo.InvariantCulture) : 20;
int domains = args.Length > 3 ? int.Parse(args[3], CultureInfo.InvariantCulture) : 1;
string folder = args.Length > 4 ? args[4] : Directory.CreateTempSubdirectory("relay-bench-").FullName;

int port = FreePort();
using Process sink = Process.Start(new ProcessStartInfo("smtp-sink", ["-u", "nobody", $"127.0.0.1:{port}", "1000"]))
    ?? throw new InvalidOperationException("smtp-sink did not start: apt-get install postfix");
try
{
    using SqliteSpool spool = SqliteSpool.Open(new SpoolOptions { Path = Path.Combine(folder, "spool") });
    byte[] content = [.. "Date: Tue, 24 Nov 2026 12:00:00 +0000\r\nMessage-ID: <1@example.com>\r\nFrom: a@example.com\r\nSubject: order\r\n\r\n"u8,
        .. Enumerable.Repeat("0123456789012345678901234567890123456789012345678901234567890123456789\r\n"u8.ToArray(), octets / 72).SelectMany(l => l)];
    var clock = Stopwatch.StartNew();
    await Parallel.ForEachAsync(Enumerable.Range(0, messages), new ParallelOptions { MaxDegreeOfParallelism = 200 }, async (i, cancellationToken) =>
        await spool.EnqueueAsync(
            new NewMessage
            {
                Id = spool.NewId(),
                Facts = new MessageFacts { ReversePath = "a@example.com", SenderDomain = "example.com" },
                Recipients = [NewRecipient.Of($"r{i}@d{i % domains}.example.net")],
                Content = NewContent.FromMemory(content),
            },
            cancellationToken)).ConfigureAwait(false);
    Console.WriteLine($"stored    {messages} messages of {content.Length} octets: {messages / clock.Elapsed.TotalSeconds:0}/s");

    await using var service = new DeliveryService(
        spool,
        new DeliverySettings
        {
            HostName = "relay.example.com",
            NextHop = new RouteSettings("127.0.0.1", port, SmtpTlsMode.None),
            Shaping = new ShapingSettings { InitialConnections = connections, MaximumConnections = connections, MessagesPerConnection = 1000 },
        },
        NullLoggerFactory.Instance);
    await Task.Delay(2000).ConfigureAwait(false);
    GC.Collect();
    long allocated = GC.GetTotalAllocatedBytes();
    TimeSpan processor = Process.GetCurrentProcess().TotalProcessorTime;
    clock.Restart();
    service.Start();
    QueueFigures figures;
    do
    {
        await Task.Delay(100).ConfigureAwait(false);
        figures = await spool.FiguresAsync().ConfigureAwait(false);
    }
    while (figures.Waiting + figures.Leased > 0);
    double seconds = clock.Elapsed.TotalSeconds;
    processor = Process.GetCurrentProcess().TotalProcessorTime - processor;
    Console.WriteLine($"delivered {messages / seconds:0}/s over {connections} connections; {processor.TotalMicroseconds / messages:0} us of processor and "
        + $"{(GC.GetTotalAllocatedBytes() - allocated) / messages} octets allocated a message; working set {Environment.WorkingSet >> 20} MB");
}
finally
{
    sink.Kill();
}

static int FreePort()
{
    using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
    return ((IPEndPoint)socket.LocalEndPoint!).Port;
}
