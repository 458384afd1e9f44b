using System.Globalization;
using System.Net;
using Smtp.LoadHost;
using Smtp.Server;

// Smtp.LoadHost PORT [--baseline]: a server with a counting sink on 127.0.0.1:PORT, or the bare loop that it is measured against.
// The first line of output is the process id. Ends at end of input or SIGTERM.
if (args.Length == 0 || !int.TryParse(args[0], CultureInfo.InvariantCulture, out int port))
{
    Console.Error.WriteLine("usage: Smtp.LoadHost PORT [--baseline]");
    return 2;
}

Console.WriteLine(Environment.ProcessId);
using var stop = new CancellationTokenSource();
Console.CancelKeyPress += (_, e) => { e.Cancel = true; stop.Cancel(); };
AppDomain.CurrentDomain.ProcessExit += (_, _) => stop.Cancel();

var endPoint = new IPEndPoint(IPAddress.Loopback, port);
if (args.Contains("--baseline"))
{
    await BareLoop.RunAsync(endPoint, stop.Token);
    return 0;
}

await using var server = new SmtpServer(new SmtpServerOptions
{
    HostName = "load.example.com",
    Listeners = [new SmtpListenerOptions { EndPoint = endPoint }],
    MessageSink = new CountingSink(),
    MaximumConnections = 100_000,
    MaximumConnectionsPerAddress = 100_000,
});
server.Start();
await Task.Delay(Timeout.Infinite, stop.Token).ContinueWith(_ => { }, TaskScheduler.Default);
return 0;
