using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Smtp.Client.Tests;

/// <summary>A client and a scripted peer with a connection in memory between them.</summary>
internal sealed class TestConnection : IAsyncDisposable
{
    internal const string Greeting = "S: 220 mx.test\nC: EHLO client.test\n";

    private TestConnection(SmtpConnection client, ScriptedPeer peer)
    {
        Client = client;
        Peer = peer;
    }

    internal SmtpConnection Client { get; }

    internal ScriptedPeer Peer { get; }

    internal static SmtpConnectionOptions Options(
        BareLineEndingPolicy bareLineEndings = BareLineEndingPolicy.Normalize,
        SmtpTlsMode tls = SmtpTlsMode.None,
        TimeProvider? timeProvider = null,
        SmtpCredentials? credentials = null,
        bool allowPlaintext = false,
        ILoggerFactory? loggerFactory = null) => new()
        {
            Host = "mx.test",
            LocalName = "client.test",
            Tls = tls,
            BareLineEndings = bareLineEndings,
            TimeProvider = timeProvider ?? TimeProvider.System,
            Credentials = credentials,
            AllowPlaintextAuthentication = allowPlaintext,
            LoggerFactory = loggerFactory ?? NullLoggerFactory.Instance,
        };

    /// <summary>Connects, and the peer offers the extensions.</summary>
    internal static Task<TestConnection> ConnectAsync(params string[] extensions) => ConnectAsync(Options(), extensions);

    internal static Task<TestConnection> ConnectAsync(SmtpConnectionOptions options, params string[] extensions) =>
        ConnectAsync(options, isHeardAtOnce: false, extensions);

    /// <inheritdoc cref="ConnectAsync(string[])"/>
    /// <param name="options">The client's options.</param>
    /// <param name="isHeardAtOnce">Of <see cref="DuplexStream.CreatePair"/>.</param>
    /// <param name="extensions">What the peer offers.</param>
    internal static async Task<TestConnection> ConnectAsync(SmtpConnectionOptions options, bool isHeardAtOnce, params string[] extensions)
    {
        (DuplexStream near, DuplexStream far) = DuplexStream.CreatePair(isHeardAtOnce);
        var peer = new ScriptedPeer(far);
        string[] lines = ["mx.test", .. extensions];
        string hello = string.Join("\n", lines.Select((line, i) => $"S: 250{(i == lines.Length - 1 ? ' ' : '-')}{line}"));
        Task script = peer.RunAsync(Greeting + hello);
        SmtpConnection client = await SmtpConnection.ConnectAsync(near, options, TestContext.Current.CancellationToken);
        await script;
        return new TestConnection(client, peer);
    }

    /// <summary>Connects a client to a peer that follows a script from the greeting on, whatever comes of it.</summary>
    internal static async Task<SmtpConnection> OpenAsync(SmtpConnectionOptions options, string script)
    {
        (DuplexStream near, DuplexStream far) = DuplexStream.CreatePair();
        Task peer = new ScriptedPeer(far).RunAsync(script);
        try
        {
            return await SmtpConnection.ConnectAsync(near, options, TestContext.Current.CancellationToken);
        }
        finally
        {
            await peer;
        }
    }

    /// <summary>Sends while the peer follows a script.</summary>
    internal async Task<SendResult> SendAsync(string script, SmtpMessage message)
    {
        Task peer = Peer.RunAsync(script);
        SendResult result = await Client.SendAsync(message, TestContext.Current.CancellationToken);
        await peer;
        return result;
    }

    internal static SmtpMessage Message(MessageContent content, params string[] recipients) =>
        new("a@c.test", recipients.Length == 0 ? ["b@d.test"] : recipients, content);

    public ValueTask DisposeAsync()
    {
        // No QUIT: the peer's script is over.
        Client.Abort();
        return Client.DisposeAsync();
    }
}
