namespace Smtp.Core;

/// <summary>The replies that are owed, in the order of the commands: replies carry no other sign of what they answer (RFC 2920 §3.1).</summary>
internal sealed class ExpectedReplyQueue
{
    private ExpectedReply[] _items = new ExpectedReply[16];
    private int _head;

    /// <summary>How many replies are owed.</summary>
    internal int Count { get; private set; }

    /// <summary>The octets of all commands not answered yet.</summary>
    internal long UnansweredLength { get; private set; }

    /// <summary>The next reply to come; one must be owed.</summary>
    internal ExpectedReply Head => _items[_head];

    internal void Enqueue(SmtpStage stage, int length, int recipient = 0)
    {
        if (Count == _items.Length)
        {
            var larger = new ExpectedReply[Count * 2];
            for (int i = 0; i < Count; i++)
            {
                larger[i] = _items[(_head + i) & (Count - 1)];
            }

            _items = larger;
            _head = 0;
        }

        _items[(_head + Count) & (_items.Length - 1)] = new ExpectedReply(stage, recipient, length);
        Count++;
        UnansweredLength += length;
    }

    internal ExpectedReply Dequeue()
    {
        ExpectedReply expected = _items[_head];
        _head = (_head + 1) & (_items.Length - 1);
        Count--;
        UnansweredLength -= expected.Length;
        return expected;
    }
}
