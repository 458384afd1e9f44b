using System.Text;
using BenchmarkDotNet.Attributes;
using MailKit.Security;
using MimeKit;
using Smtp.Client;
using MailKitClient = MailKit.Net.Smtp.SmtpClient;

namespace Smtp.Benchmarks;

/// <summary>One message of 1 KB to a server in this process, over a connection that stays open: through the pool, over one connection, with MailKit.</summary>
[MemoryDiagnoser]
public class ClientBenchmarks
{
    private static readonly byte[] Content = Encoding.ASCII.GetBytes(
        "From: <sender@example.com>\r\nTo: <recipient@example.net>\r\nSubject: bench\r\n\r\n" + string.Concat(Enumerable.Repeat(new string('x', 76) + "\r\n", 13)));

    private readonly SmtpMessage _message = new("sender@example.com", ["recipient@example.net"], Content);
    private readonly SendResult _result = new();
    private readonly MailboxAddress _sender = new("", "sender@example.com");
    private readonly MailboxAddress[] _recipients = [new("", "recipient@example.net")];
    private readonly MailKitClient _mailKit = new();
    private MimeMessage? _mime;
    private CountingServer? _server;
    private SmtpClient? _pool;
    private SmtpConnection? _connection;

    [GlobalSetup]
    public async Task Setup()
    {
        _server = new CountingServer();
        _mime = MimeMessage.Load(new MemoryStream(Content));
        int port = _server.EndPoint.Port;
        _pool = new SmtpClient(new SmtpClientOptions
        {
            Host = "127.0.0.1",
            Port = port,
            Tls = SmtpTlsMode.None,
            MaximumConnections = 1,

            // MailKit does not connect anew either.
            MaximumMessagesPerConnection = int.MaxValue,
        });
        _connection = await SmtpConnection.ConnectAsync(new SmtpConnectionOptions { Host = "127.0.0.1", Port = port, Tls = SmtpTlsMode.None });
        await _mailKit.ConnectAsync("127.0.0.1", port, SecureSocketOptions.None);
    }

    [GlobalCleanup]
    public async Task Cleanup()
    {
        await _pool!.DisposeAsync();
        await _connection!.DisposeAsync();
        _mailKit.Dispose();
        await _server!.StopAsync();
    }

    [Benchmark(Baseline = true)]
    public async Task MailKit_message_that_is_built() => await _mailKit.SendAsync(_mime!, _sender, _recipients);

    [Benchmark]
    public async Task Over_one_connection() => Demand(await _connection!.SendAsync(_message, _result));

    [Benchmark]
    public async Task Through_the_pool() => Demand(await _pool!.SendAsync(_message, _result));

    private static void Demand(SendResult result)
    {
        if (!result.IsAccepted)
        {
            throw new InvalidOperationException(result.Recipients[0].ToString());
        }
    }
}
