using System.IO.Pipelines;
using System.Net;
using Microsoft.Extensions.Time.Testing;
using Smtp.Core;

namespace Smtp.Server.Tests;

/// <summary>A server with a clock that stands still, a sink that records and a log that is kept.</summary>
internal sealed class TestServer : IAsyncDisposable
{
    private TestServer(SmtpServer server, FakeTimeProvider time, LogCollector logs, RecordingSink sink)
    {
        Server = server;
        Time = time;
        Logs = logs;
        Sink = sink;
    }

    internal SmtpServer Server { get; }

    internal FakeTimeProvider Time { get; }

    internal LogCollector Logs { get; }

    internal RecordingSink Sink { get; }

    internal IPEndPoint EndPoint => (IPEndPoint)Server.EndPoints[0];

    /// <summary>Starts a server. Without listeners it has one on a free port of the loopback.</summary>
    internal static TestServer Start(
        RecordingSink? sink = null,
        IEnvelopePolicy? policy = null,
        ISmtpAuthenticator? authenticator = null,
        ITlsCertificateSource? certificates = null,
        SmtpServerTimeouts? timeouts = null,
        SmtpLimits? limits = null,
        BareLineEndingPolicy bareLineEndings = BareLineEndingPolicy.Reject,
        int maximumConnections = 1000,
        bool systemTime = false,
        IMessageSink? messages = null,
        IReadOnlyList<string>? mechanisms = null,
        int? maximumPerAddress = null,
        int maximumDelayed = 1000,
        int errorsBeforeDelay = 10,
        SmtpAuthenticationLimits? authenticationLimits = null,
        params IReadOnlyList<SmtpListenerOptions> listeners)
    {
        sink ??= new RecordingSink();
        var time = new FakeTimeProvider();
        var logs = new LogCollector();
        if (listeners.Count == 0)
        {
            listeners = [Listener(certificates is null ? TlsMode.None : TlsMode.StartTls)];
        }

        var options = new SmtpServerOptions
        {
            HostName = "mail.example.com",
            Listeners = listeners,
            MessageSink = messages ?? sink,
            Authenticator = authenticator,
            AuthenticationMechanisms = mechanisms,
            Certificates = certificates,
            Timeouts = timeouts ?? new SmtpServerTimeouts { AuthenticationFailureDelay = TimeSpan.Zero, ErrorDelay = TimeSpan.Zero },
            AuthenticationLimits = authenticationLimits ?? new SmtpAuthenticationLimits(),
            Limits = limits ?? new SmtpLimits(),
            BareLineEndings = bareLineEndings,
            MaximumConnections = maximumConnections,
            MaximumConnectionsPerAddress = maximumPerAddress ?? maximumConnections,
            MaximumDelayedConnections = maximumDelayed,
            ErrorsBeforeDelay = errorsBeforeDelay,
            LoggerFactory = logs,
            Policy = policy ?? new ScriptedPolicy(),
            TimeProvider = systemTime ? TimeProvider.System : time,
        };

        var server = new SmtpServer(options);
        server.Start();
        return new TestServer(server, time, logs, sink);
    }

    internal static SmtpListenerOptions Listener(TlsMode tls = TlsMode.None, bool allowPlaintextAuthentication = false) => new()
    {
        EndPoint = new IPEndPoint(IPAddress.Loopback, 0),
        Tls = tls,
        AllowPlaintextAuthentication = allowPlaintextAuthentication,
    };

    public async ValueTask DisposeAsync()
    {
        Task stop = StopAsync();
        await UntilAsync(stop);
        await Server.DisposeAsync();
    }

    internal Task StopAsync() => Server.StopAsync(TestContext.Current.CancellationToken);

    /// <summary>Connects in memory.</summary>
    /// <param name="window">How many octets may wait in each direction before the writer has to.</param>
    /// <param name="accept">What the server is handed beside its end of the connection; nothing by default.</param>
    internal TestClient Connect(int window = 64 * 1024, Func<IDuplexPipe, AcceptedConnection>? accept = null)
    {
        var options = new PipeOptions(pauseWriterThreshold: window, resumeWriterThreshold: window / 2, useSynchronizationContext: false);
        var toServer = new Pipe(options);
        var toClient = new Pipe(options);
        var pipe = new ObservedPipe(toServer.Reader, toClient.Writer);
        return new TestClient(toClient.Reader.AsStream(), toServer.Writer.AsStream())
        {
            Pipe = pipe,
            Session = accept is null ? Server.RunAsync(pipe) : Server.RunAsync(accept(pipe)),
        };
    }

    /// <summary>Connects over the loopback.</summary>
    internal Task<TestClient> ConnectSocketAsync() => TestClient.ConnectAsync(EndPoint);

    /// <summary>Lets time go by, a second at a time, until something has happened.</summary>
    internal async Task UntilAsync(Task task)
    {
        while (!task.IsCompleted)
        {
            Time.Advance(TimeSpan.FromSeconds(1));

            // Real threads have to get on in between; the test does not depend on how far.
            await Task.WhenAny(task, Task.Delay(TimeSpan.FromMilliseconds(10), TestContext.Current.CancellationToken));
        }

        await task;
    }

    /// <summary>Waits until so many connections are open: a client sees the end of its own before the server has cleared it away.</summary>
    internal async Task UntilThereAreAsync(int count)
    {
        var patience = System.Diagnostics.Stopwatch.StartNew();
        while (Server.ConnectionCount != count)
        {
            Assert.True(patience.Elapsed < Guard.Patience, $"{Server.ConnectionCount} connections are open, not {count}.");
            await Task.Delay(TimeSpan.FromMilliseconds(1), TestContext.Current.CancellationToken);
        }
    }

    /// <summary>Waits until no connection is open.</summary>
    internal async Task UntilEmptyAsync()
    {
        var patience = System.Diagnostics.Stopwatch.StartNew();
        while (Server.ConnectionCount > 0)
        {
            Assert.True(patience.Elapsed < Guard.Patience, $"{Server.ConnectionCount} connections are still open.");
            Time.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(TimeSpan.FromMilliseconds(10), TestContext.Current.CancellationToken);
        }
    }
}
