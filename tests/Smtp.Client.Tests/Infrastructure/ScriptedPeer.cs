using System.Buffers;
using System.IO.Pipelines;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Smtp.Client.Tests;

/// <summary>
/// A server that follows a script: <c>C:</c> lines are what the client must say, <c>S:</c> lines what it is told, <c>&lt;body&gt;</c> is
/// content up to the end of data, <c>&lt;tls&gt;</c> a handshake, <c>&lt;close&gt;</c> the end. Adjacent <c>S:</c> lines go out in one piece.
/// </summary>
internal sealed class ScriptedPeer(Stream stream, X509Certificate2? certificate = null)
{
    private Stream _stream = stream;
    private PipeReader _reader = PipeReader.Create(stream);

    /// <summary>The bodies as decoded, one behind the other.</summary>
    internal List<byte[]> Bodies { get; } = [];

    /// <summary>Whether the handshake asks for a certificate of the client's.</summary>
    internal bool WantsClientCertificate { get; init; }

    /// <summary>What the client has shown.</summary>
    internal X509Certificate? ClientCertificate { get; private set; }

    /// <summary>Everything read in the bodies, dots included.</summary>
    internal MemoryStream Wire { get; } = new();

    internal async Task RunAsync(string script)
    {
        var pending = new StringBuilder();
        foreach (string line in script.ReplaceLineEndings("\n").Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (line.StartsWith("S:", StringComparison.Ordinal))
            {
                pending.Append(line.Length > 3 ? line[3..] : "").Append("\r\n");
                continue;
            }

            await SayAsync(pending);
            switch (line)
            {
                case "<body>":
                    await ReadBodyAsync();
                    break;
                case "<tls>":
                    var tls = new SslStream(_stream);
                    _stream = tls;
                    await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions
                    {
                        ServerCertificate = certificate,
                        ClientCertificateRequired = WantsClientCertificate,
                        RemoteCertificateValidationCallback = WantsClientCertificate ? (_, found, _, _) => found is not null : null,
                    });
                    ClientCertificate = tls.RemoteCertificate;
                    _reader = PipeReader.Create(tls);
                    break;
                case "<close>":
                    await _stream.DisposeAsync();
                    return;
                default:
                    Assert.Equal(line.Length > 3 ? line[3..] : "", await ReadLineAsync());
                    break;
            }
        }

        await SayAsync(pending);
    }

    /// <summary>Reads until the client closes.</summary>
    internal async Task<string> ReadToEndAsync()
    {
        var text = new StringBuilder();
        while (true)
        {
            ReadResult result = await _reader.ReadAsync();
            text.Append(Encoding.Latin1.GetString(result.Buffer));
            _reader.AdvanceTo(result.Buffer.End);
            if (result.IsCompleted)
            {
                return text.ToString();
            }
        }
    }

    internal async Task SayAsync(string octets) => await _stream.WriteAsync(Encoding.UTF8.GetBytes(octets));

    /// <summary>
    /// Waits until the client has taken in all that was said and waits for more. From then on its deadline is the one of what it waits for. For
    /// connections in memory.
    /// </summary>
    internal Task WaitUntilHeardAsync() => ((DuplexStream)_stream).WaitUntilHeardAsync(TestContext.Current.CancellationToken);

    /// <summary>Waits until the client has written something, and leaves it unread.</summary>
    internal async Task WaitForOctetsAsync()
    {
        ReadResult result = await _reader.ReadAsync();
        _reader.AdvanceTo(result.Buffer.Start);
    }

    /// <summary>Reads so many octets.</summary>
    internal async Task<byte[]> ReadExactlyAsync(int length)
    {
        if (length == 0)
        {
            return [];
        }

        ReadResult result = await _reader.ReadAtLeastAsync(length);
        byte[] octets = result.Buffer.Slice(0, length).ToArray();
        _reader.AdvanceTo(result.Buffer.GetPosition(length));
        return octets;
    }

    internal async Task<string?> ReadLineAsync()
    {
        while (true)
        {
            ReadResult result = await _reader.ReadAsync();
            var reader = new SequenceReader<byte>(result.Buffer);
            if (reader.TryReadTo(out ReadOnlySequence<byte> line, "\r\n"u8))
            {
                string text = Encoding.UTF8.GetString(line);
                _reader.AdvanceTo(reader.Position);
                return text;
            }

            _reader.AdvanceTo(result.Buffer.Start, result.Buffer.End);
            if (result.IsCompleted)
            {
                return null;
            }
        }
    }

    private async Task SayAsync(StringBuilder pending)
    {
        if (pending.Length > 0)
        {
            await SayAsync(pending.ToString());
            pending.Clear();
        }
    }

    private async Task ReadBodyAsync()
    {
        var decoder = new DotDecoder();
        var body = new MemoryStream();
        while (true)
        {
            ReadResult result = await _reader.ReadAsync();
            ReadOnlySequence<byte> input = result.Buffer;
            BodyStatus status;
            while ((status = decoder.Read(ref input, out ReadOnlyMemory<byte> chunk)) == BodyStatus.Chunk)
            {
                body.Write(chunk.Span);
            }

            foreach (ReadOnlyMemory<byte> memory in result.Buffer.Slice(0, input.Start))
            {
                Wire.Write(memory.Span);
            }

            _reader.AdvanceTo(input.Start, status == BodyStatus.End ? input.Start : result.Buffer.End);
            if (status == BodyStatus.End)
            {
                Bodies.Add(body.ToArray());
                return;
            }

            if (result.IsCompleted)
            {
                return;
            }

            if (!input.IsEmpty)
            {
                throw new InvalidOperationException("The decoder left octets.");
            }
        }
    }
}
