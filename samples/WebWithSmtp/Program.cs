using System.Collections.Concurrent;
using System.Net;
using Smtp.Core;
using Smtp.MimeKit;
using Smtp.Server;

// A web application that takes mail too: both by Kestrel, in one process. Send it something, then look at http://127.0.0.1:8025/
//   swaks -s 127.0.0.1:2525 -f you@example.com -t friend@example.net
var inbox = new ConcurrentQueue<Letter>();
WebApplicationBuilder builder = WebApplication.CreateBuilder(args);
builder.Services.AddHealthChecks().AddSmtpServer();
builder.Services.AddSmtpServer().UseSink(new MimeMessageSink((session, envelope, message, cancellationToken) =>
{
    // What is in memory only is lost with the process: an application that must not lose mail writes it to its database here.
    inbox.Enqueue(new Letter(message.From.ToString(), message.To.ToString(), message.Subject, message.TextBody));
    return new(Replies.MessageAccepted);
}));

// TLS is Kestrel's: with a certificate in its configuration (README.md) STARTTLS is offered.
TlsMode tls = builder.Configuration.GetSection("Kestrel:Certificates:Default").Exists() ? TlsMode.StartTls : TlsMode.None;
builder.WebHost.ConfigureKestrel(kestrel =>
{
    kestrel.Listen(IPAddress.Loopback, 8025);
    kestrel.Listen(IPAddress.Loopback, 2525, endpoint => endpoint.UseSmtp(smtp => smtp.Tls = tls));
});

WebApplication app = builder.Build();
app.MapGet("/", () => inbox);
app.MapHealthChecks("/health");
app.Run();

internal sealed record Letter(string From, string To, string? Subject, string? Text);
