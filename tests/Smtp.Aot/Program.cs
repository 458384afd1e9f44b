using System.Net;
using System.Text;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Smtp.Client;
using Smtp.Core;
using Smtp.Hosting;
using Smtp.Server;
using Smtp.Testing;

// Sends and receives a message with everything that an application uses, as native code: configuration, services, TLS, AUTH, the pooled client.
HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(null);
await using SmtpTestServer next = SmtpTestServer.Start(o =>
{
    o.Tls = TlsMode.StartTls;
    o.Users["anna"] = "secret";
});
var received = new TaskCompletionSource<string>();
builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
{
    ["Smtp:Listeners:0:EndPoint"] = "127.0.0.1:0",
    ["Smtp:Limits:MaximumRecipients"] = "200",
    ["Next:Host"] = next.Host,
    ["Next:Port"] = next.Port.ToString(System.Globalization.CultureInfo.InvariantCulture),
    ["Next:UserName"] = "anna",
    ["Next:Password"] = "secret",
});
builder.Services.AddSmtpServer(builder.Configuration.GetSection("Smtp")).UseSink((_, _, content, _) =>
{
    received.TrySetResult(Encoding.UTF8.GetString(content.Span));
    return new(Replies.MessageAccepted);
}).UsePolicy<CountingPolicy>();
builder.Services.AddSmtpClient("next", builder.Configuration.GetSection("Next"));
builder.Services.AddSmtpClient("next", o => o.CertificateValidation = (_, certificate, _, _) => certificate!.Equals(next.Certificate));
using IHost host = builder.Build();
await host.StartAsync();

byte[] content = Encoding.ASCII.GetBytes("From: <you@example.com>\r\nSubject: Native\r\n\r\nHello.\r\n");
var local = (IPEndPoint)host.Services.GetRequiredService<SmtpServer>().EndPoints[0];
await using (SmtpConnection connection = await SmtpConnection.ConnectAsync(
    new SmtpConnectionOptions { Host = "127.0.0.1", Port = local.Port, Tls = SmtpTlsMode.None }))
{
    Demand((await connection.SendAsync(new SmtpMessage("you@example.com", ["friend@example.net"], content))).IsAccepted, "sent");
}

Demand(await received.Task.WaitAsync(TimeSpan.FromSeconds(10)) == Encoding.ASCII.GetString(content), "received");
Demand(CountingPolicy.Count == 1, "asked the policy");
SmtpClient client = host.Services.GetRequiredService<ISmtpClientFactory>().GetClient("next");
Demand((await client.SendAsync(new SmtpMessage("you@example.com", ["friend@example.net"], content))).IsAccepted, "sent under TLS");
ReceivedMessage message = await next.WaitForMessageAsync();
Demand(message is { IsTls: true, Identity: "anna", Subject: "Native" }, "received under TLS");
await host.StopAsync();
return 0;

static void Demand(bool condition, string what)
{
    Console.WriteLine($"{(condition ? "yes" : "NO")}: {what}");
    if (!condition)
    {
        Environment.Exit(1);
    }
}

internal sealed class CountingPolicy : IEnvelopePolicy
{
    internal static int Count { get; private set; }

    public ValueTask<SmtpReply> CheckRecipientAsync(SmtpSessionContext session, Envelope envelope, EnvelopeRecipient recipient, CancellationToken cancellationToken)
    {
        Count++;
        return default;
    }
}
