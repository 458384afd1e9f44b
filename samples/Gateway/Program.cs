using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Smtp.Client;
using Smtp.Hosting;

// A gateway: what comes in on 127.0.0.1:2525 goes on to the next server while it comes, and the sender hears that server's answer. Nothing is stored here.
//   dotnet run --project samples/Gateway [next server]
IPEndPoint next = IPEndPoint.Parse(args.Length > 0 ? args[0] : "127.0.0.1:2500");
HostApplicationBuilder builder = Host.CreateApplicationBuilder();
builder.Services.AddSmtpClient("next", o =>
{
    o.Host = next.Address.ToString();
    o.Port = next.Port;
    o.MaximumConnections = 50; // a message holds one from its first octet to its last

    // To another machine TLS with a valid certificate is the default.
    o.Tls = IPAddress.IsLoopback(next.Address) ? SmtpTlsMode.None : SmtpTlsMode.StartTlsRequired;
});
builder.Services.AddSmtpServer(o => o.Listen(IPEndPoint.Parse("127.0.0.1:2525"))).UseSink(services =>
    new ForwardMessageSink(services.GetRequiredService<ISmtpClientFactory>().GetClient("next"))
    {
        // Who may send to whom: programs on this machine, to everybody; everybody, to one domain. Without a rule it would be for those who authenticate.
        Permits = (session, envelope) => session.RemoteEndPoint is IPEndPoint client && IPAddress.IsLoopback(client.Address)
            || envelope.CopyForwardPaths().All(path => path.IsIn("example.com")),
    });
await builder.Build().RunAsync();
