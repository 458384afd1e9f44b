using System.Diagnostics;
using System.Globalization;
using System.Text;
using MailKit.Security;
using MimeKit;
using Smtp.Client;
using MailKitClient = MailKit.Net.Smtp.SmtpClient;

// Smtp.ClientLoad PORT pooled|single|mailkit|bare CONNECTIONS MESSAGES [SIZE]: sends messages of SIZE octets (1024 by default) to 127.0.0.1:PORT over so many
// connections. "pooled" has 16 senders a connection that share one SmtpClient, so that a connection always has next messages and sends several in a flight; "single" one sender a
// connection; "mailkit" one client a connection, as it sends one message at a time; "bare" a loop over a socket that writes the same octets as "single", counts
// the replies' lines and looks at nothing: the least that a .NET client can do with a read and a write a message. A sender begins with the next message when the one before is answered.
// Before that messages are sent unmeasured for four seconds, until compiling is over. Prints a line: messages/s, microseconds of this process' CPU time a message, octets allocated a message.
if (args.Length < 4
    || !int.TryParse(args[0], CultureInfo.InvariantCulture, out int port)
    || !int.TryParse(args[2], CultureInfo.InvariantCulture, out int connections)
    || !int.TryParse(args[3], CultureInfo.InvariantCulture, out int messages))
{
    Console.Error.WriteLine("usage: Smtp.ClientLoad PORT pooled|single|mailkit|bare CONNECTIONS MESSAGES [SIZE]");
    return 2;
}

int size = args.Length > 4 ? int.Parse(args[4], CultureInfo.InvariantCulture) : 1024;
byte[] content = Content(size);
int senders = connections;
Func<int, Task> send;
var clients = new List<IDisposable>();
switch (args[1])
{
    case "pooled" or "single":
        senders = args[1] == "pooled" ? 16 * connections : connections;
        var pooled = new SmtpClient(new SmtpClientOptions
        {
            Host = "127.0.0.1",
            Port = port,
            Tls = SmtpTlsMode.None,
            MaximumConnections = connections,

            // The others do not connect anew either.
            MaximumMessagesPerConnection = int.MaxValue,
        });
        send = count => SendPooledAsync(pooled, content, count);
        break;
    case "mailkit":
        var pool = new Stack<MailKitClient>();
        for (int i = 0; i < connections; i++)
        {
            var client = new MailKitClient();
            await client.ConnectAsync("127.0.0.1", port, SecureSocketOptions.None);
            clients.Add(client);
            pool.Push(client);
        }

        send = async count =>
        {
            MailKitClient client;
            lock (pool)
            {
                client = pool.Pop();
            }

            // Its own: a MimeMessage reads its content from a stream, so that two that send it at a time get wrong octets.
            await SendMailKitAsync(client, MimeMessage.Load(new MemoryStream(content)), count);
            lock (pool)
            {
                pool.Push(client);
            }
        };
        break;
    case "bare":
        var sockets = new Stack<BareConnection>();
        for (int i = 0; i < connections; i++)
        {
            BareConnection connection = await BareConnection.ConnectAsync(port, content);
            clients.Add(connection);
            sockets.Push(connection);
        }

        send = async count =>
        {
            BareConnection connection;
            lock (sockets)
            {
                connection = sockets.Pop();
            }

            await connection.SendAsync(count);
            lock (sockets)
            {
                sockets.Push(connection);
            }
        };
        break;
    default:
        Console.Error.WriteLine("pooled, single, mailkit or bare");
        return 2;
}

long warm = Stopwatch.GetTimestamp();
do
{
    await RunAsync(messages / 10);
}
while (Stopwatch.GetElapsedTime(warm) < TimeSpan.FromSeconds(4));
using var process = Process.GetCurrentProcess();
long allocated = GC.GetTotalAllocatedBytes(precise: true);
TimeSpan cpu = process.TotalProcessorTime;
long began = Stopwatch.GetTimestamp();
await RunAsync(messages);
TimeSpan elapsed = Stopwatch.GetElapsedTime(began);
process.Refresh();
cpu = process.TotalProcessorTime - cpu;
allocated = GC.GetTotalAllocatedBytes(precise: true) - allocated;
Console.WriteLine(string.Create(
    CultureInfo.InvariantCulture,
    $"{messages / elapsed.TotalSeconds:0} messages/s {cpu.TotalMicroseconds / messages:0.0} us CPU/message {(double)allocated / messages:0} B/message"));
clients.ForEach(client => client.Dispose());
return 0;

Task RunAsync(int count) => Task.WhenAll(Enumerable.Range(0, senders).Select(i => Task.Run(() => send((count / senders) + (i < count % senders ? 1 : 0)))));

static async Task SendPooledAsync(SmtpClient client, byte[] content, int count)
{
    var message = new SmtpMessage("sender@example.com", ["recipient@example.net"], content);
    var result = new SendResult();
    for (int i = 0; i < count; i++)
    {
        await client.SendAsync(message, result);
        if (!result.IsAccepted)
        {
            throw new InvalidOperationException(result.Recipients[0].ToString());
        }
    }
}

static async Task SendMailKitAsync(MailKitClient client, MimeMessage message, int count)
{
    var sender = new MailboxAddress("", "sender@example.com");
    MailboxAddress[] recipients = [new("", "recipient@example.net")];
    for (int i = 0; i < count; i++)
    {
        await client.SendAsync(message, sender, recipients);
    }
}

static byte[] Content(int size)
{
    var text = new StringBuilder("From: <sender@example.com>\r\nTo: <recipient@example.net>\r\nSubject: load\r\nDate: Tue, 1 Jan 2030 00:00:00 +0000\r\nMessage-ID: <load@example.com>\r\n\r\n");
    while (text.Length < size)
    {
        text.Append('x', Math.Max(0, Math.Min(76, size - text.Length - 2))).Append("\r\n");
    }

    return Encoding.ASCII.GetBytes(text.ToString());
}
