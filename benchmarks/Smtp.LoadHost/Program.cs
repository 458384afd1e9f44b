using System.Globalization;
using System.Net;
using Smtp.LoadHost;
using Smtp.Server;

// Smtp.LoadHost PORT [--tls] [--baseline]: a server with a counting sink on 127.0.0.1:PORT, or the bare loop that it is measured against; --tls: TLS from the
// first octet on (RFC 8314), with a certificate made at the start. The first line of output is the process id. Ends at SIGTERM.
string[] known = ["--tls", "--baseline"];
if (args.Length == 0 || !int.TryParse(args[0], CultureInfo.InvariantCulture, out int port) || args.Skip(1).Except(known).Any())
{
    Console.Error.WriteLine("usage: Smtp.LoadHost PORT [--tls] [--baseline]");
    return 2;
}

bool tls = args.Contains("--tls");
Console.WriteLine(Environment.ProcessId);
using var stop = new CancellationTokenSource();
Console.CancelKeyPress += (_, e) => { e.Cancel = true; stop.Cancel(); };
AppDomain.CurrentDomain.ProcessExit += (_, _) => stop.Cancel();

var endPoint = new IPEndPoint(IPAddress.Loopback, port);
TlsCertificates? certificates = tls ? new TlsCertificates(LoadCertificate.Create()) : null;
if (args.Contains("--baseline"))
{
    Task serving = BareLoop.RunAsync(endPoint, certificates?.GetCertificate(null), stop.Token);
    await WarmUp.RunAsync(endPoint, tls);
    await serving;
    return 0;
}

using var meters = new CountingMeters();
await using var server = new SmtpServer(new SmtpServerOptions
{
    HostName = "load.example.com",
    Listeners = [new SmtpListenerOptions { EndPoint = endPoint, Tls = tls ? TlsMode.Implicit : TlsMode.None }],
    Certificates = certificates,
    MessageSink = new CountingSink(),
    MaximumConnections = 100_000,
    MaximumConnectionsPerAddress = 100_000,
});
server.Start();
await WarmUp.RunAsync(endPoint, tls);
await Task.Delay(Timeout.Infinite, stop.Token).ContinueWith(_ => { }, TaskScheduler.Default);
return 0;
