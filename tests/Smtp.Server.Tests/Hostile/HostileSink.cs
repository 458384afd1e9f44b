using System.Buffers;
using System.Text;
using Smtp.Core;

namespace Smtp.Server.Tests;

/// <summary>
/// A sink that is slow, refuses, or throws, by the number in the sender's address (<c>m123@example.com</c>), and writes what it takes into the ledger. In LMTP
/// <c>full</c> has no room.
/// </summary>
internal sealed class HostileSink(HostileLedger ledger) : IMessageSink
{
    private static readonly SmtpReply DiskFull = SmtpReply.Create(452, new EnhancedStatus(4, 3, 1), "Disk full");
    private static readonly SmtpReply Spam = SmtpReply.Create(550, new EnhancedStatus(5, 7, 1), "Spam");
    private int _open;

    public SmtpExtensions SupportedExtensions => SmtpExtensions.BinaryMime | SmtpExtensions.Dsn | SmtpExtensions.SmtpUtf8;

    /// <summary>Writers that were neither asked to commit nor to abort.</summary>
    internal int Open => Volatile.Read(ref _open);

    public async ValueTask<MessageOpening> OpenAsync(SmtpSessionContext session, Envelope envelope, CancellationToken cancellationToken)
    {
        string sender = envelope.ReversePath.ToString();
        string id = sender[..sender.IndexOf('@', StringComparison.Ordinal)].Trim('<');
        int mood = int.Parse(id.AsSpan(1), System.Globalization.CultureInfo.InvariantCulture) % 29;
        if (mood % 3 == 0)
        {
            await Task.Yield();
        }

        if (mood == 1)
        {
            ledger.Count("refused at open");
            return MessageOpening.Refuse(DiskFull);
        }

        if (mood == 2)
        {
            ledger.Count("threw at open");
            throw new InvalidOperationException("no database");
        }

        Interlocked.Increment(ref _open);
        return MessageOpening.Accept(new Writer(this, id, mood, [.. envelope.CopyForwardPaths().Select(p => p.ToString())]));
    }

    private sealed class Writer(HostileSink sink, string id, int mood, string[] recipients) : ILmtpMessageWriter
    {
        private readonly ArrayBufferWriter<byte> _content = new();
        private readonly HostileLedger _ledger = sink.Ledger;
        private int _ended;

        public async ValueTask WriteAsync(ReadOnlyMemory<byte> chunk, CancellationToken cancellationToken)
        {
            if (mood == 3)
            {
                _ledger.Count("threw at a write");
                throw new InvalidOperationException("no disk");
            }

            if (mood is 4 or 5)
            {
                await Task.Delay(mood, cancellationToken);
            }

            _content.Write(chunk.Span);
        }

        public async ValueTask<SmtpReply> CommitAsync(CancellationToken cancellationToken)
        {
            await EndAsync();
            if (mood == 6)
            {
                _ledger.Count("refused at commit");
                return Spam;
            }

            _ledger.Take(id, Text);
            return Replies.MessageAccepted;
        }

        public async ValueTask CommitAsync(Memory<SmtpReply> replies, CancellationToken cancellationToken)
        {
            await EndAsync();
            for (int i = 0; i < replies.Length; i++)
            {
                bool full = recipients[i].Contains("full", StringComparison.Ordinal);
                replies.Span[i] = full ? DiskFull : Replies.MessageAccepted;
                if (!full)
                {
                    _ledger.Take($"{id} {i}", Text);
                }
            }
        }

        public ValueTask AbortAsync()
        {
            _ledger.Count("aborted");
            End();
            return ValueTask.CompletedTask;
        }

        private string Text => Encoding.Latin1.GetString(_content.WrittenSpan);

        private async ValueTask EndAsync()
        {
            End();
            if (mood is 4 or 7)
            {
                await Task.Delay(mood, CancellationToken.None);
            }

            if (mood == 8)
            {
                _ledger.Count("threw at commit");
                throw new InvalidOperationException("no promise");
            }
        }

        private void End()
        {
            if (Interlocked.Exchange(ref _ended, 1) != 0)
            {
                _ledger.Complaints.Enqueue($"The writer of {id} was ended twice.");
            }

            Interlocked.Decrement(ref sink._open);
        }
    }

    private HostileLedger Ledger => ledger;
}
