using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Smtp.Core;
using Smtp.Server;

namespace Smtp.Testing;

/// <summary>
/// A real SMTP server inside a test, on a free port of 127.0.0.1: await what the tested program sends, and script what it must cope with. Safe for use by several
/// tests at once where they can tell their messages apart.
/// </summary>
/// <example>
/// <code>
/// await using SmtpTestServer server = SmtpTestServer.Start();
/// // ... let the tested program send to server.Host, server.Port ...
/// ReceivedMessage message = await server.WaitForMessageAsync(m => m.To.Contains("friend@example.net"));
/// </code>
/// </example>
public sealed class SmtpTestServer : IAsyncDisposable
{
    private static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(10);

    private readonly SmtpServer _server;
    private readonly TestListener _listener;
    private readonly X509Certificate2? _ownCertificate;
    private readonly Lock _lock = new();
    private readonly List<ReceivedMessage> _messages = [];
    private readonly HashSet<ReceivedMessage> _handedOut = [];
    private readonly List<SmtpTestRule> _rules = [];
    private readonly ConcurrentQueue<string> _transcript = new();
    private TaskCompletionSource _arrival = NewSignal();

    private SmtpTestServer(SmtpTestServerOptions options)
    {
        if (options.Tls != TlsMode.None)
        {
            Certificate = options.Certificate ?? (_ownCertificate = CreateCertificate());
        }

        var seams = new TestSeams(this, options.Users);
        _server = new SmtpServer(new SmtpServerOptions
        {
            HostName = options.HostName,
            MessageSink = seams,
            Policy = seams,
            SessionEvents = seams,
            Authenticator = options.Users.Count > 0 ? seams : null,
            Certificates = Certificate is null ? null : new TlsCertificates(Certificate),
            Extensions = options.Extensions,
            Limits = options.Limits,

            // A test neither guesses passwords nor waits for those that do, and ends when it is over.
            Timeouts = new SmtpServerTimeouts { AuthenticationFailureDelay = TimeSpan.Zero, ErrorDelay = TimeSpan.Zero, ShutdownGrace = TimeSpan.Zero },
            AuthenticationLimits = new SmtpAuthenticationLimits { FailuresPerAddress = 0, FailuresPerAccount = 0 },
            MaximumConnectionsPerAddress = 10_000,
            LoggerFactory = options.LoggerFactory,
        });
        _server.Start();
        _listener = new TestListener(_server, options);
    }

    /// <summary>Where the server is: "127.0.0.1".</summary>
    public string Host => EndPoint.Address.ToString();

    /// <summary>The server's port.</summary>
    public int Port => EndPoint.Port;

    /// <summary>Address and port.</summary>
    public IPEndPoint EndPoint => _listener.EndPoint;

    /// <summary>The server's certificate; null without TLS.</summary>
    public X509Certificate2? Certificate { get; }

    /// <summary>A copy of the messages that were taken, in their order.</summary>
    public IReadOnlyList<ReceivedMessage> Messages
    {
        get
        {
            lock (_lock)
            {
                return [.. _messages];
            }
        }
    }

    /// <summary>
    /// What was said in all sessions: the connection's number, "C:" or "S:", and the line. AUTH shows its mechanism only, and bodies are left out.
    /// </summary>
    public IReadOnlyList<string> Transcript => [.. _transcript];

    /// <summary>How many connections are open.</summary>
    public int ConnectionCount => _server.ConnectionCount;

    /// <summary>Starts a server.</summary>
    /// <param name="configure">Changes how it is to be.</param>
    public static SmtpTestServer Start(Action<SmtpTestServerOptions>? configure = null)
    {
        var options = new SmtpTestServerOptions();
        configure?.Invoke(options);
        return new SmtpTestServer(options);
    }

    /// <summary>Scripts a step. Say on the result what is to happen; without that nothing does.</summary>
    public SmtpTestRule On(SmtpTestStep step)
    {
        if (!Enum.IsDefined(step))
        {
            throw new ArgumentOutOfRangeException(nameof(step), step, "There is no such step.");
        }

        var rule = new SmtpTestRule(step);
        lock (_lock)
        {
            _rules.Add(rule);
        }

        return rule;
    }

    /// <summary>Forgets rules, messages and transcript, for the next test.</summary>
    public void Reset()
    {
        lock (_lock)
        {
            _rules.Clear();
            _messages.Clear();
            _handedOut.Clear();
        }

        _transcript.Clear();
    }

    /// <summary>Waits for the first message that fits and that no earlier call has returned; one that has come already counts.</summary>
    /// <param name="predicate">What must hold. Default null: anything.</param>
    /// <param name="timeout">How long to wait. Default 10 seconds.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="TimeoutException">None came; the message says what did, and what was said.</exception>
    public async Task<ReceivedMessage> WaitForMessageAsync(
        Func<ReceivedMessage, bool>? predicate = null, TimeSpan? timeout = null, CancellationToken cancellationToken = default)
    {
        IReadOnlyList<ReceivedMessage> found = await WaitForMessagesAsync(1, predicate, timeout, cancellationToken).ConfigureAwait(false);
        return found[0];
    }

    /// <summary>Waits for several messages that fit and that no earlier call has returned.</summary>
    /// <inheritdoc cref="WaitForMessageAsync"/>
    /// <param name="count">How many, at least 1.</param>
    /// <param name="predicate">What must hold for each. Default null: anything.</param>
    /// <param name="timeout">How long to wait for all. Default 10 seconds.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<IReadOnlyList<ReceivedMessage>> WaitForMessagesAsync(
        int count, Func<ReceivedMessage, bool>? predicate = null, TimeSpan? timeout = null, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        TimeSpan patience = timeout ?? DefaultTimeout;
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        end.CancelAfter(patience);
        while (true)
        {
            Task arrival;
            lock (_lock)
            {
                List<ReceivedMessage> found = [.. _messages.Where(m => !_handedOut.Contains(m) && predicate?.Invoke(m) != false).Take(count)];
                if (found.Count == count)
                {
                    _handedOut.UnionWith(found);
                    return found;
                }

                arrival = _arrival.Task;
            }

            try
            {
                await arrival.WaitAsync(end.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                throw new TimeoutException(Describe(count, patience));
            }
        }
    }

    /// <summary>Closes all connections and stops.</summary>
    public async ValueTask DisposeAsync()
    {
        await _listener.DisposeAsync().ConfigureAwait(false);
        await _server.DisposeAsync().ConfigureAwait(false);
        _ownCertificate?.Dispose();
    }

    /// <summary>Looks what the rules say at a step, waits as they want, and cuts the connection if they say so.</summary>
    /// <returns>A refusal, or <c>default</c>.</returns>
    internal async ValueTask<SmtpReply> ActAsync(SmtpTestStepContext context, CancellationToken cancellationToken)
    {
        (TimeSpan delay, SmtpTestRule? deciding) = Find(context);
        if (delay > TimeSpan.Zero)
        {
            await Task.Delay(delay, cancellationToken).ConfigureAwait(false);
        }

        if (deciding is { IsDropped: true })
        {
            Drop(context.Session);
            throw new OperationCanceledException("The connection was dropped, as a rule wants it.");
        }

        return deciding?.Refusal ?? default;
    }

    /// <summary>The same where nothing can wait: only a drop acts.</summary>
    internal void ActAtOnce(SmtpTestStepContext context)
    {
        if (Find(context).Deciding is { IsDropped: true })
        {
            Drop(context.Session);
        }
    }

    internal void Keep(ReceivedMessage message)
    {
        TaskCompletionSource arrival;
        lock (_lock)
        {
            _messages.Add(message);
            (arrival, _arrival) = (_arrival, NewSignal());
        }

        arrival.SetResult();
    }

    internal void Note(SmtpSessionContext session, char side, string lines)
    {
        foreach (string line in lines.Split("\r\n", StringSplitOptions.RemoveEmptyEntries))
        {
            _transcript.Enqueue($"{session.ConnectionId} {side}: {line}");
        }
    }

    private (TimeSpan Delay, SmtpTestRule? Deciding) Find(SmtpTestStepContext context)
    {
        TimeSpan delay = TimeSpan.Zero;
        lock (_lock)
        {
            foreach (SmtpTestRule rule in _rules)
            {
                if (rule.Step == context.Step && rule.TryUse(context))
                {
                    delay += rule.Wait;
                    if (rule.IsDropped || !rule.Refusal.IsNone)
                    {
                        return (delay, rule);
                    }
                }
            }
        }

        return (delay, null);
    }

    private void Drop(SmtpSessionContext session)
    {
        _transcript.Enqueue($"{session.ConnectionId} --: dropped");
        _listener.Drop(session.RemoteEndPoint!);
    }

    private string Describe(int count, TimeSpan patience)
    {
        IReadOnlyList<ReceivedMessage> came = Messages;
        return $"""
            Not {count} such message(s) within {patience.TotalSeconds:0.###} s. {came.Count} came in all:
            {string.Join('\n', came)}
            What was said:
            {string.Join('\n', _transcript.TakeLast(50))}
            """;
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private static X509Certificate2 CreateCertificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        using X509Certificate2 certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(30));

        // A server's SslStream needs a key that is not bound to this object's life.
        return X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), null);
    }
}
