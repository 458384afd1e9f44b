using System.Globalization;
using System.Net;
using Smtp.PeerHost;
using SmtpServer;
using SmtpServer.ComponentModel;

// Smtp.PeerHost PORT: the NuGet package SmtpServer with a counting sink on 127.0.0.1:PORT, for compare.sh. The first line of output is the process id.
// Ends at SIGTERM.
if (args.Length != 1 || !int.TryParse(args[0], CultureInfo.InvariantCulture, out int port))
{
    Console.Error.WriteLine("usage: Smtp.PeerHost PORT");
    return 2;
}

Console.WriteLine(Environment.ProcessId);
ISmtpServerOptions options = new SmtpServerOptionsBuilder()
    .ServerName("load.example.com")
    .Endpoint(endpoint => endpoint.Endpoint(new IPEndPoint(IPAddress.Loopback, port)))
    .Build();
var store = new CountingStore();
var services = new ServiceProvider();
services.Add(store);
await new SmtpServer.SmtpServer(options, services).StartAsync(CancellationToken.None);
return 0;
