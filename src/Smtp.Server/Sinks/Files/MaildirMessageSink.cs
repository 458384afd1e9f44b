using System.Globalization;
using System.Net;
using Smtp.Core;

namespace Smtp.Server;

/// <summary>
/// Delivers into Maildirs, as Dovecot and Courier read them: each message is a file that appears in <c>new/</c> whole or not at all. 250 is said when file and
/// folder are synced to the disk. <c>Return-Path:</c> and <c>Received:</c> (RFC 5321 §4.4) are put in front; lines end with CRLF.
/// </summary>
public sealed class MaildirMessageSink : IMessageSink
{
    private static readonly SmtpReply NoSuchMailbox = SmtpReply.Create(550, new EnhancedStatus(5, 1, 1), "No such mailbox here");
    private static long _counter;

    private readonly Func<SmtpPath, string?> _folderOf;
    private readonly HashSet<string> _prepared = [];
    private readonly Lock _lock = new();

    /// <summary>Delivers everything into one Maildir.</summary>
    /// <param name="folder">Its path; made if it is not there.</param>
    /// <exception cref="IOException">It cannot be made.</exception>
    public MaildirMessageSink(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        _folderOf = _ => folder;
        Prepare(folder);
    }

    /// <summary>Delivers into a Maildir for each recipient.</summary>
    /// <param name="folderOf">
    /// Gives a recipient's Maildir, made if it is not there. Null refuses the whole message with 550 5.1.1: let a policy refuse unknown recipients before. What a
    /// client sends is part of the path only if you put it there: check it.
    /// </param>
    public MaildirMessageSink(Func<SmtpPath, string?> folderOf)
    {
        ArgumentNullException.ThrowIfNull(folderOf);
        _folderOf = folderOf;
    }

    /// <summary>The server's name in the file names and in <c>Received:</c>. Default the machine's.</summary>
    public string HostName { get; init; } = Dns.GetHostName();

    /// <summary>The clock of <c>Received:</c> and of the file names. Default the system's.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <inheritdoc/>
    public SmtpExtensions SupportedExtensions => SmtpExtensions.SmtpUtf8;

    /// <inheritdoc/>
    public async ValueTask<MessageOpening> OpenAsync(SmtpSessionContext session, Envelope envelope, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(session);
        ArgumentNullException.ThrowIfNull(envelope);
        var folders = new List<string>();
        for (int i = 0; i < envelope.RecipientCount; i++)
        {
            if (_folderOf(envelope[i].ForwardPath) is not { } folder)
            {
                return MessageOpening.Refuse(NoSuchMailbox);
            }

            if (!folders.Contains(folder))
            {
                folders.Add(folder);
            }
        }

        DateTimeOffset now = TimeProvider.GetUtcNow();
        var writer = new Writer(UniqueName(now));
        try
        {
            foreach (string folder in folders)
            {
                Prepare(folder);
                writer.Add(folder);
            }

            await writer.WriteAsync(DeliveryFields.Create(session, envelope, HostName, now), cancellationToken).ConfigureAwait(false);
            return MessageOpening.Accept(writer);
        }
        catch
        {
            await writer.AbortAsync().ConfigureAwait(false);
            throw;
        }
    }

    private void Prepare(string folder)
    {
        lock (_lock)
        {
            if (_prepared.Contains(folder))
            {
                return;
            }

            foreach (string name in (ReadOnlySpan<string>)["tmp", "new", "cur"])
            {
                PrivateFiles.CreateFolder(Path.Combine(folder, name));
            }

            PrivateFiles.SyncFolder(folder);
            _prepared.Add(folder);
        }
    }

    /// <summary>Maildir's unique name: seconds, what is unique on this machine, the machine.</summary>
    private string UniqueName(DateTimeOffset now)
    {
        string host = HostName.Replace("/", "\\057", StringComparison.Ordinal).Replace(":", "\\072", StringComparison.Ordinal);
        long number = Interlocked.Increment(ref _counter);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{now.ToUnixTimeSeconds()}.M{now.Millisecond * 1000}P{Environment.ProcessId}Q{number}R{Random.Shared.NextInt64():x}.{host}");
    }

    private sealed class Writer(string name) : IMessageWriter
    {
        private readonly List<(FileStream File, string Folder)> _files = [];

        public async ValueTask WriteAsync(ReadOnlyMemory<byte> chunk, CancellationToken cancellationToken)
        {
            foreach ((FileStream file, _) in _files)
            {
                await file.WriteAsync(chunk, cancellationToken).ConfigureAwait(false);
            }
        }

        public async ValueTask<SmtpReply> CommitAsync(CancellationToken cancellationToken)
        {
            // All is on the disk before the first one appears.
            try
            {
                foreach ((FileStream file, _) in _files)
                {
                    await file.FlushAsync(cancellationToken).ConfigureAwait(false);
                    file.Flush(flushToDisk: true);
                    await file.DisposeAsync().ConfigureAwait(false);
                }

                foreach ((_, string folder) in _files)
                {
                    File.Move(Path.Combine(folder, "tmp", name), Path.Combine(folder, "new", name));
                    PrivateFiles.SyncFolder(Path.Combine(folder, "new"));
                }

                return Replies.MessageAccepted;
            }
            catch
            {
                await AbortAsync().ConfigureAwait(false);
                throw;
            }
        }

        public async ValueTask AbortAsync()
        {
            foreach ((FileStream file, string folder) in _files)
            {
                await file.DisposeAsync().ConfigureAwait(false);
                File.Delete(Path.Combine(folder, "tmp", name));
            }
        }

        internal void Add(string folder) =>
            _files.Add((PrivateFiles.Open(Path.Combine(folder, "tmp", name), FileMode.CreateNew, FileAccess.Write), folder));
    }
}
