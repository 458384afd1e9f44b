using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Smtp.Core;

namespace Smtp.Server;

/// <summary>
/// Adds the fields that a submitted message lacks (RFC 6409 §8.2, §8.3) on its way to a sink. They go to the end of the header, so that the header need not be
/// held: only the first octets of a line are, until it is known to be a field's.
/// </summary>
/// <param name="inner">The sink's writer.</param>
/// <param name="hostName">What stands behind the at-sign of a Message-ID.</param>
/// <param name="now">The Date.</param>
internal sealed class SubmissionWriter(IMessageWriter inner, string hostName, DateTimeOffset now) : IMessageWriter
{
    // Longer than any line of a header may be (RFC 5322 §2.1.1): who writes such a name writes no header.
    private const int LongestHeldBack = 998;

    private HeaderScanner _header;
    private byte[] _held = [];

    public ValueTask WriteAsync(ReadOnlyMemory<byte> chunk, CancellationToken cancellationToken) =>
        _header.IsOver ? inner.WriteAsync(chunk, cancellationToken) : WriteHeaderAsync(chunk, cancellationToken);

    public async ValueTask<SmtpReply> CommitAsync(CancellationToken cancellationToken)
    {
        if (!_header.IsOver)
        {
            // A message without an empty line: all header, but for a last line that has not become a field. A last field without its CRLF gets one first.
            byte[] fields = MissingFields();
            byte[] end = fields.Length == 0 ? _held : [.. _header.IsAtLineStart || _held.Length > 0 ? ""u8 : "\r\n"u8, .. fields, .. "\r\n"u8, .. _held];
            if (end.Length > 0)
            {
                await inner.WriteAsync(end, cancellationToken).ConfigureAwait(false);
            }
        }

        return await inner.CommitAsync(cancellationToken).ConfigureAwait(false);
    }

    public ValueTask AbortAsync() => inner.AbortAsync();

    private async ValueTask WriteHeaderAsync(ReadOnlyMemory<byte> chunk, CancellationToken cancellationToken)
    {
        int read = Scan(chunk.Span);
        if (!_header.IsOver && _header.Undecided <= LongestHeldBack)
        {
            // What belongs to the header for sure goes on; what does not is kept for the next call.
            await WriteAllButLastAsync(chunk, _header.Undecided, cancellationToken).ConfigureAwait(false);
            return;
        }

        _header.End();
        await WriteAllButLastAsync(chunk[..read], _header.Undecided, cancellationToken).ConfigureAwait(false);
        byte[] fields = MissingFields();
        byte[] end = [.. fields, .. fields.Length > 0 && _header.LacksEmptyLine ? "\r\n"u8 : ""u8, .. _held];
        _held = [];
        if (end.Length > 0)
        {
            await inner.WriteAsync(end, cancellationToken).ConfigureAwait(false);
        }

        ReadOnlyMemory<byte> rest = chunk[read..];
        if (!rest.IsEmpty)
        {
            await inner.WriteAsync(rest, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Reads to the header's end, or to the chunk's.</summary>
    /// <returns>How many octets were read.</returns>
    private int Scan(ReadOnlySpan<byte> chunk)
    {
        for (int i = 0; i < chunk.Length; i++)
        {
            _header.Read(chunk[i]);
            if (_header.IsOver || _header.Undecided > LongestHeldBack)
            {
                return i + 1;
            }
        }

        return chunk.Length;
    }

    /// <summary>Writes what was held and what came, and holds back so many octets of its end.</summary>
    private async ValueTask WriteAllButLastAsync(ReadOnlyMemory<byte> chunk, int count, CancellationToken cancellationToken)
    {
        if (count >= _held.Length + chunk.Length)
        {
            // All of it is undecided yet.
            _held = [.. _held, .. chunk.Span];
            return;
        }

        if (_held.Length > 0)
        {
            await inner.WriteAsync(_held, cancellationToken).ConfigureAwait(false);
            _held = [];
        }

        if (chunk.Length > count)
        {
            await inner.WriteAsync(chunk[..^count], cancellationToken).ConfigureAwait(false);
        }

        _held = chunk[^count..].ToArray();
    }

    private byte[] MissingFields()
    {
        var fields = new StringBuilder();
        if (!_header.HasDate)
        {
            // RFC 5322 §3.3; the zone's -0000 says that the time is UTC and nothing is known of the user's zone.
            fields.Append(CultureInfo.InvariantCulture, $"Date: {now.UtcDateTime:ddd, dd MMM yyyy HH:mm:ss} -0000\r\n");
        }

        if (!_header.HasMessageId)
        {
            // §3.6.4: unique, and guessing it must not help anybody to forge a reply.
            fields.Append(CultureInfo.InvariantCulture, $"Message-ID: <{RandomNumberGenerator.GetHexString(32, lowercase: true)}@{hostName}>\r\n");
        }

        return Encoding.UTF8.GetBytes(fields.ToString());
    }
}
