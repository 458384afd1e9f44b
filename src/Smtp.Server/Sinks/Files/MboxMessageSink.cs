using System.Buffers;
using System.Globalization;
using System.Net;
using System.Text;
using Smtp.Core;

namespace Smtp.Server;

/// <summary>
/// Appends messages to one file in mbox form (RFC 4155, with the quoting of mboxrd), for archives and tools that read it. 250 is said when the file is synced to
/// the disk; what fails half-way is cut off again. <c>Return-Path:</c> and <c>Received:</c> (RFC 5321 §4.4) are put in front.
/// </summary>
/// <remarks>
/// A message is collected in a file beside the mbox first, so that a slow client does not hold up others. The file is locked for other users of .NET and of
/// <c>flock</c> while it is written, and not for programs that lock otherwise. For mail that programs read while it arrives, a <see cref="MaildirMessageSink"/> is better.
/// </remarks>
public sealed class MboxMessageSink : IMessageSink, IDisposable
{
    private readonly string _path;
    private readonly SemaphoreSlim _turn = new(1, 1);

    /// <summary>Makes the file if it is not there.</summary>
    /// <param name="path">The file's path; its folder must exist.</param>
    /// <exception cref="IOException">It cannot be opened.</exception>
    public MboxMessageSink(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        _path = Path.GetFullPath(path);
        PrivateFiles.Open(_path, FileMode.OpenOrCreate, FileAccess.ReadWrite).Dispose();
        PrivateFiles.SyncFolder(Path.GetDirectoryName(_path)!);
    }

    /// <summary>The server's name in <c>Received:</c>. Default the machine's.</summary>
    public string HostName { get; init; } = Dns.GetHostName();

    /// <summary>The clock of <c>Received:</c> and of the separators. Default the system's.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <inheritdoc/>
    public SmtpExtensions SupportedExtensions => SmtpExtensions.SmtpUtf8;

    /// <inheritdoc/>
    public async ValueTask<MessageOpening> OpenAsync(SmtpSessionContext session, Envelope envelope, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(session);
        ArgumentNullException.ThrowIfNull(envelope);
        DateTimeOffset now = TimeProvider.GetUtcNow();

        // "From " addr-spec " " asctime in UTC (RFC 4155). A space in a quoted local part would end the address.
        string sender = envelope.ReversePath.IsNull ? "MAILER-DAEMON" : envelope.ReversePath.ToString().Replace(' ', '-');
        string separator = string.Create(CultureInfo.InvariantCulture, $"From {sender} {now.UtcDateTime:ddd MMM} {now.UtcDateTime.Day,2} {now.UtcDateTime:HH':'mm':'ss yyyy}\n");
        var writer = new Writer(this, $"{_path}.{Guid.NewGuid():N}.tmp");
        try
        {
            await writer.WriteRawAsync(Encoding.UTF8.GetBytes(separator), cancellationToken).ConfigureAwait(false);
            await writer.WriteAsync(DeliveryFields.Create(session, envelope, HostName, now), cancellationToken).ConfigureAwait(false);
            return MessageOpening.Accept(writer);
        }
        catch
        {
            await writer.AbortAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Gives the lock back. Not while a server uses the sink.</summary>
    public void Dispose() => _turn.Dispose();

    private async Task AppendAsync(FileStream message, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            FileStream mbox = PrivateFiles.Open(_path, FileMode.OpenOrCreate, FileAccess.ReadWrite);
            await using (mbox.ConfigureAwait(false))
            {
                long length = mbox.Length;
                try
                {
                    mbox.Position = length;
                    message.Position = 0;
                    await message.CopyToAsync(mbox, cancellationToken).ConfigureAwait(false);
                    await mbox.FlushAsync(cancellationToken).ConfigureAwait(false);
                    mbox.Flush(flushToDisk: true);
                }
                catch
                {
                    mbox.SetLength(length);
                    throw;
                }
            }
        }
        finally
        {
            _turn.Release();
        }
    }

    private sealed class Writer(MboxMessageSink sink, string temporaryPath) : IMessageWriter
    {
        private readonly MboxEncoder _encoder = new();
        private readonly ArrayBufferWriter<byte> _encoded = new();
        private readonly FileStream _file = PrivateFiles.Open(temporaryPath, FileMode.CreateNew, FileAccess.ReadWrite);

        public ValueTask WriteAsync(ReadOnlyMemory<byte> chunk, CancellationToken cancellationToken)
        {
            _encoded.ResetWrittenCount();
            _encoder.Encode(chunk.Span, _encoded);
            return WriteRawAsync(_encoded.WrittenMemory, cancellationToken);
        }

        public async ValueTask<SmtpReply> CommitAsync(CancellationToken cancellationToken)
        {
            try
            {
                _encoded.ResetWrittenCount();
                _encoder.Finish(_encoded);
                _encoded.Write("\n"u8);
                await WriteRawAsync(_encoded.WrittenMemory, cancellationToken).ConfigureAwait(false);
                await _file.FlushAsync(cancellationToken).ConfigureAwait(false);
                await sink.AppendAsync(_file, cancellationToken).ConfigureAwait(false);
                return Replies.MessageAccepted;
            }
            finally
            {
                await AbortAsync().ConfigureAwait(false);
            }
        }

        public async ValueTask AbortAsync()
        {
            await _file.DisposeAsync().ConfigureAwait(false);
            File.Delete(temporaryPath);
        }

        internal ValueTask WriteRawAsync(ReadOnlyMemory<byte> octets, CancellationToken cancellationToken) => _file.WriteAsync(octets, cancellationToken);
    }
}
