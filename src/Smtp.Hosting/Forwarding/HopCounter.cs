namespace Smtp.Hosting;

/// <summary>Counts the <c>Received:</c> fields of a message's header, however the message is cut: many of them are a loop (RFC 5321 §6.3).</summary>
internal struct HopCounter
{
    // How many octets the line has, and how many of them are the field's name so far. Behind the header nothing is counted.
    private int _length;
    private int _matched;
    private bool _isOver;

    /// <summary>How many there were.</summary>
    internal int Count { get; private set; }

    private static ReadOnlySpan<byte> Name => "received:"u8;

    /// <summary>Reads on.</summary>
    internal void Read(ReadOnlySpan<byte> chunk)
    {
        for (int i = 0; i < chunk.Length && !_isOver; i++)
        {
            byte octet = chunk[i];
            if (octet == '\n')
            {
                // The empty line ends the header.
                _isOver = _length == 1;
                _length = 0;
                _matched = 0;
                continue;
            }

            if (_matched == _length && _matched < Name.Length && (octet is >= (byte)'A' and <= (byte)'Z' ? octet | 0x20 : octet) == Name[_matched])
            {
                _matched++;
                Count += _matched == Name.Length ? 1 : 0;
            }

            _length++;
        }
    }
}
