using System.IO.Pipelines;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;

namespace Smtp.Client;

/// <summary>
/// The octets' way to and from a server: a stream, a pipe on either side of it, and one switch that ends everything at once. What ends
/// it early, a deadline or a cancellation, always ends it for good: a connection of which it is unknown what was sent is of no use.
/// </summary>
internal sealed class Transport : IAsyncDisposable
{
    // Replies are short. A large EHLO reply takes another read.
    private const int ReadBufferLength = 4096;

    // Two pages of commands; a body comes past it where it is large.
    private const int WriteBufferLength = 16 * 1024;

    private readonly CancellationTokenSource _ended = new();
    private readonly Deadline _deadline;
    private Stream? _stream;
    private Socket? _socket;
    private PipeReader? _input;
    private PipeWriter? _output;
    private int _reason;

    internal Transport(TimeProvider timeProvider)
    {
        _deadline = new Deadline(timeProvider, () => End(TransportEnd.TimedOut));
        Token = _ended.Token;
    }

    /// <summary>Fires when the transport ends, for whatever reason.</summary>
    internal CancellationToken Token { get; }

    /// <summary>Why it ended.</summary>
    internal TransportEnd Reason => (TransportEnd)Volatile.Read(ref _reason);

    internal PipeReader Input => _input ?? throw NotConnected();

    internal PipeWriter Output => _output ?? throw NotConnected();

    /// <summary>Takes the stream, and owns it.</summary>
    internal void Attach(Stream stream)
    {
        _stream = stream;
        _socket ??= (stream as NetworkStream)?.Socket;
        _input = PipeReader.Create(stream, new StreamPipeReaderOptions(bufferSize: ReadBufferLength, minimumReadSize: 1024, leaveOpen: true));
        _output = PipeWriter.Create(stream, new StreamPipeWriterOptions(minimumBufferSize: WriteBufferLength, leaveOpen: true));
    }

    /// <summary>Puts TLS on. What the plaintext reader may hold is dropped with it, and nothing reads plaintext any more.</summary>
    internal async ValueTask<SslStream> UpgradeAsync(SslClientAuthenticationOptions options)
    {
        Stream plaintext = _stream ?? throw NotConnected();
        if (_input is not null && _output is not null)
        {
            await _input.CompleteAsync().ConfigureAwait(false);
            await _output.CompleteAsync().ConfigureAwait(false);
        }

        var tls = new SslStream(plaintext, leaveInnerStreamOpen: false);
        _stream = tls;
        var refusal = new CertificateRefusal(options);
        try
        {
            await tls.AuthenticateAsClientAsync(options, Token).ConfigureAwait(false);
        }
        catch (AuthenticationException error) when (refusal.Reason is { } reason)
        {
            throw new AuthenticationException(reason, error);
        }

        Attach(tls);
        return tls;
    }

    /// <summary>
    /// Whether there is something to read, be it the end, while nothing is under way. Costs one poll of the socket; a stream without a socket
    /// only knows what was read already.
    /// </summary>
    internal bool HasInput()
    {
        if (Input.TryRead(out ReadResult read))
        {
            Input.AdvanceTo(read.Buffer.Start);
            return true;
        }

        try
        {
            return _socket is { } socket && socket.Poll(0, SelectMode.SelectRead);
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            return true;
        }
    }

    /// <summary>Begins a deadline for what comes next.</summary>
    internal void SetDeadline(TimeSpan timeout) => _deadline.Set(timeout);

    internal void ClearDeadline() => _deadline.Clear();

    /// <summary>Ends every read and write, now and to come. Only the first reason counts.</summary>
    internal void End(TransportEnd reason)
    {
        if (TryMark(reason))
        {
            Cut();
        }
    }

    /// <summary>Decides that the transport has ended, and leaves it to <see cref="Cut"/> to tell those who wait for it.</summary>
    /// <returns>Whether it had not ended before.</returns>
    internal bool TryMark(TransportEnd reason) =>
        Interlocked.CompareExchange(ref _reason, (int)reason, (int)TransportEnd.None) == (int)TransportEnd.None;

    /// <summary>Ends the reads and writes that are under way, once the end is decided.</summary>
    internal void Cut() => _ended.Cancel();

    /// <summary>Breaks the connection off: the server sees it closed without a word more.</summary>
    internal void Break()
    {
        End(TransportEnd.Closed);
        _stream?.Dispose();
    }

    /// <summary>Closes the connection. A TLS connection that was in good order says close_notify first.</summary>
    public async ValueTask DisposeAsync()
    {
        bool orderly = Reason == TransportEnd.None;
        if (orderly && _stream is SslStream { IsAuthenticated: true } tls)
        {
            try
            {
                await tls.ShutdownAsync().ConfigureAwait(false);
            }
            catch (Exception error) when (error is IOException or InvalidOperationException)
            {
                // The server was faster; there is nothing left to protect.
            }
        }

        End(TransportEnd.Closed);
        _deadline.Dispose();
        if (_stream is not null)
        {
            await _stream.DisposeAsync().ConfigureAwait(false);
        }
    }

    private static InvalidOperationException NotConnected() => new("The transport has no stream yet.");
}
