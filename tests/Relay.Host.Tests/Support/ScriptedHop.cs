using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Relay.Host.Tests;

/// <summary>
/// A next hop that does what the test says, one connection after the other: to each verb its reply, or the end of the connection where there is none.
/// </summary>
internal sealed class ScriptedHop : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly Func<string, string?> _answer;
    private readonly TaskCompletionSource? _readBody;
    private readonly Task _running;
    private volatile bool _isStopping;

    /// <summary>Starts it.</summary>
    /// <param name="answer">
    /// The reply to a line; null ends the connection. Besides commands it is asked "greeting" and "end" (of data).
    /// </param>
    /// <param name="readBody">Where set: not an octet of a body is read before it is completed.</param>
    internal ScriptedHop(Func<string, string?> answer, TaskCompletionSource? readBody = null)
    {
        _answer = answer;
        _readBody = readBody;
        _listener.Start();
        _running = RunAsync();
    }

    internal int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>All lines that came, but those of bodies.</summary>
    internal List<string> Lines { get; } = [];

    /// <summary>Bodies that came to their end and were answered with 2yz, still dot-stuffed.</summary>
    internal List<byte[]> Taken { get; } = [];

    /// <summary>Octets of bodies, the dot included, whether taken or not.</summary>
    internal long BodyOctets { get; private set; }

    /// <summary>An answer that takes everything, with exceptions: "RCPT=550 5.1.1 No", where "VERB=" alone ends the connection.</summary>
    internal static Func<string, string?> Except(params string[] exceptions) => line =>
    {
        foreach (string exception in exceptions)
        {
            int equals = exception.IndexOf('=', StringComparison.Ordinal);
            if (line.Contains(exception[..equals], StringComparison.Ordinal))
            {
                string reply = exception[(equals + 1)..];
                return reply.Length == 0 ? null : reply;
            }
        }

        return line switch
        {
            "greeting" => "220 hop.example.net ESMTP",
            "DATA" => "354 Go on",
            "QUIT" => "221 2.0.0 Bye",
            _ when line.StartsWith("EHLO", StringComparison.Ordinal) => "250-hop.example.net\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 ENHANCEDSTATUSCODES",
            _ => "250 2.0.0 OK",
        };
    };

    public async ValueTask DisposeAsync()
    {
        _isStopping = true;
        _listener.Stop();
        await _running;
    }

    private async Task RunAsync()
    {
        while (true)
        {
            try
            {
                using Socket socket = await _listener.AcceptSocketAsync();
                await using var stream = new NetworkStream(socket);
                await using var input = new BufferedStream(stream);
                await ServeAsync(input, stream);
            }
            catch (Exception error) when (_isStopping && error is SocketException or ObjectDisposedException or InvalidOperationException)
            {
                return;
            }
            catch (IOException)
            {
                // The relay broke the connection off; the next one comes.
            }
        }
    }

    private async Task ServeAsync(Stream input, Stream output)
    {
        if (!await SayAsync(output, "greeting"))
        {
            return;
        }

        bool hasSender = false;
        int recipients = 0;
        while (await LineAsync(input) is { } line)
        {
            Lines.Add(line);
            if (line == "DATA" && recipients == 0)
            {
                // What a pipelining client gets that could not know it.
                await output.WriteAsync("554 5.5.1 No valid recipients\r\n"u8.ToArray());
                continue;
            }

            if (!await SayAsync(output, line) || line == "QUIT")
            {
                return;
            }

            bool isPositive = _answer(line)!.StartsWith('2');
            hasSender |= isPositive && line.StartsWith("MAIL", StringComparison.Ordinal);
            recipients += isPositive && hasSender && line.StartsWith("RCPT", StringComparison.Ordinal) ? 1 : 0;
            if (line == "DATA" && _answer(line)!.StartsWith("354", StringComparison.Ordinal))
            {
                byte[]? body = await BodyAsync(input);
                if (body is null)
                {
                    return;
                }

                if (_answer("end")?.StartsWith('2') == true)
                {
                    Taken.Add(body);
                }

                if (!await SayAsync(output, "end"))
                {
                    return;
                }
            }
        }
    }

    private async Task<bool> SayAsync(Stream output, string line)
    {
        if (_answer(line) is not { } reply)
        {
            return false;
        }

        await output.WriteAsync(Encoding.ASCII.GetBytes(reply + "\r\n"));
        return true;
    }

    private async Task<byte[]?> BodyAsync(Stream stream)
    {
        if (_readBody is not null)
        {
            await _readBody.Task;
        }

        var body = new MemoryStream();
        while (await OctetsToLineEndAsync(stream) is { } line)
        {
            BodyOctets += line.Length;
            if (line.AsSpan().SequenceEqual(".\r\n"u8))
            {
                return body.ToArray();
            }

            body.Write(line);
        }

        return null;
    }

    private static async Task<string?> LineAsync(Stream stream) =>
        await OctetsToLineEndAsync(stream) is { } line ? Encoding.UTF8.GetString(line).TrimEnd() : null;

    private static async Task<byte[]?> OctetsToLineEndAsync(Stream stream)
    {
        var line = new List<byte>();
        byte[] one = new byte[1];
        while (line.Count == 0 || line[^1] != '\n')
        {
            if (await stream.ReadAsync(one) == 0)
            {
                return null;
            }

            line.Add(one[0]);
        }

        return [.. line];
    }
}
