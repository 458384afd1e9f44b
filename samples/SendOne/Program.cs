using System.Globalization;
using System.Net;
using System.Text;
using Smtp.Client;
using Smtp.Core;

// Sends one message. By default to the relay host's port; start that, or MinimalServer, first: SendOne [HOST:PORT [FROM [TO ...]]]
string[] server = (args.Length > 0 ? args[0] : "127.0.0.1:2525").Split(':');
string from = args.Length > 1 ? args[1] : "you@example.com";
string[] to = args.Length > 2 ? args[2..] : ["friend@example.net"];
byte[] content = Encoding.UTF8.GetBytes(
    $"From: <{from}>\r\nTo: <{string.Join(">, <", to)}>\r\nSubject: Hello\r\nDate: {DateTimeOffset.UtcNow:ddd, d MMM yyyy HH:mm:ss} +0000\r\n\r\nHello over SMTP.\r\n");

try
{
    await using SmtpConnection connection = await SmtpConnection.ConnectAsync(new SmtpConnectionOptions
    {
        Host = server[0],
        Port = server.Length > 1 ? int.Parse(server[1], CultureInfo.InvariantCulture) : 25,

        // Across a network leave this out: then TLS with a valid certificate is required.
        Tls = IPAddress.TryParse(server[0], out IPAddress? address) && IPAddress.IsLoopback(address) ? SmtpTlsMode.None : SmtpTlsMode.StartTlsRequired,
    });

    SendResult result = await connection.SendAsync(new SmtpMessage(from, to, content));
    foreach (RecipientReport recipient in result.Recipients)
    {
        Console.WriteLine(recipient);
    }

    return result.IsAccepted ? 0 : 1;
}
catch (SmtpConnectionException error)
{
    // No connection, no TLS, wrong password. A refusal of the message is no exception but a result.
    Console.Error.WriteLine(error.Message);
    return 2;
}
