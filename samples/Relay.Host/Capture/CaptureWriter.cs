using System.Text.Json;
using Microsoft.Extensions.Logging;
using Relay.Spool;
using Smtp.Core;
using Smtp.Server;

namespace Relay.Host;

/// <summary>Stores one message, so that it survives a power cut from the 250 on.</summary>
internal sealed class CaptureWriter : IMessageWriter
{
    private readonly string _folder;
    private readonly string _id;
    private readonly SmtpSessionContext _session;
    private readonly Envelope _envelope;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly string _temporaryContent;
    private readonly string _temporaryEnvelope;
    private readonly FileStream _content;

    internal CaptureWriter(string folder, string id, SmtpSessionContext session, Envelope envelope, TimeProvider time, ILogger logger)
    {
        _folder = folder;
        _id = id;
        _session = session;
        _envelope = envelope;
        _time = time;
        _logger = logger;
        _temporaryContent = Path.Combine(folder, $".{id}.eml.tmp");
        _temporaryEnvelope = Path.Combine(folder, $".{id}.json.tmp");
        _content = DurableFolder.CreatePrivateFile(_temporaryContent, FileOptions.Asynchronous);
    }

    /// <inheritdoc/>
    public ValueTask WriteAsync(ReadOnlyMemory<byte> chunk, CancellationToken cancellationToken) => _content.WriteAsync(chunk, cancellationToken);

    /// <summary>
    /// (1) The content, (2) the envelope, both synced under names that nobody reads; (3) the names, the content's last, as it is what readers look for;
    /// (4) the folder that holds the names. If anything of it fails, nothing of the message stays.
    /// </summary>
    public async ValueTask<SmtpReply> CommitAsync(CancellationToken cancellationToken)
    {
        string content = Path.Combine(_folder, $"{_id}.eml");
        string envelope = Path.Combine(_folder, $"{_id}.json");
        try
        {
            // (1)
            await _content.FlushAsync(cancellationToken).ConfigureAwait(false);
            _content.Flush(flushToDisk: true);
            long octets = _content.Length;
            await _content.DisposeAsync().ConfigureAwait(false);

            // (2)
            var captured = CapturedEnvelope.Create(_id, _time.GetUtcNow(), _session, _envelope, octets);
            using (FileStream file = DurableFolder.CreatePrivateFile(_temporaryEnvelope))
            {
                JsonSerializer.Serialize(file, captured, CapturedEnvelopeJson.Legible.CapturedEnvelope);
                file.WriteByte((byte)'\n');
                file.Flush(flushToDisk: true);
            }

            // (3)
            File.Move(_temporaryEnvelope, envelope);
            File.Move(_temporaryContent, content);

            // (4)
            DurableFolder.Sync(_folder);
            RelayLog.Captured(_logger, content, octets, captured.ReversePath, captured.ForwardPaths.Count);
            return SmtpReply.Create(250, new EnhancedStatus(2, 0, 0), $"Captured as {_id}");
        }
        catch
        {
            await _content.DisposeAsync().ConfigureAwait(false);
            foreach (string path in (ReadOnlySpan<string>)[_temporaryContent, _temporaryEnvelope, content, envelope])
            {
                Remove(path);
            }

            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask AbortAsync()
    {
        await _content.DisposeAsync().ConfigureAwait(false);
        Remove(_temporaryContent);
    }

    private static void Remove(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The failure that led here is the one to tell.
        }
    }
}
