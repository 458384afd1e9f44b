namespace Smtp.Server;

/// <summary>
/// Finds the end of a message's header, however the message is cut, and whether it has a Date and a Message-ID. Looks at the names of fields alone
/// (RFC 5322 §2.2) and knows no MIME.
/// </summary>
internal struct HeaderScanner
{
    // The longest name that is told from others, "message-id". What is longer is a field all the same.
    private const int LongestName = 10;

    private NameBuffer _name;
    private int _nameLength;
    private State _state;
    private bool _sawCr;
    private bool _isBehindFirstLine;

    private enum State : byte
    {
        /// <summary>At the start of a line: what kind of line it is, its first octets tell.</summary>
        LineStart,

        /// <summary>In what may be the name of a field.</summary>
        Name,

        /// <summary>Behind a name, in white space that older mail has before the colon (RFC 5322 §4.5).</summary>
        BehindName,

        /// <summary>In a line of which nothing more is to be known.</summary>
        Rest,

        /// <summary>The header is over.</summary>
        Over,
    }

    /// <summary>Whether a Date field was seen.</summary>
    public bool HasDate { get; private set; }

    /// <summary>Whether a Message-ID field was seen.</summary>
    public bool HasMessageId { get; private set; }

    /// <summary>Whether the header is over.</summary>
    public readonly bool IsOver => _state == State.Over;

    /// <summary>Whether what was read ends with a whole line, or is nothing.</summary>
    public readonly bool IsAtLineStart => _state == State.LineStart && !_sawCr;

    /// <summary>Whether the header ended before a line that is no field, so that there is no empty line behind it.</summary>
    public bool LacksEmptyLine { get; private set; }

    /// <summary>
    /// How many octets of the current line were read while it was not known whether the line belongs to the header. They are to be held back: the header's
    /// end may be before them.
    /// </summary>
    public int Undecided { get; private set; }

    /// <summary>Reads on.</summary>
    /// <param name="octet">The next octet.</param>
    /// <remarks>When it makes <see cref="IsOver"/> true, the header ended before the <see cref="Undecided"/> last octets, this one among them.</remarks>
    public void Read(byte octet)
    {
        switch (_state)
        {
            case State.LineStart:
                Undecided++;
                StartLine(octet);
                break;

            case State.Name:
                Undecided++;
                if (IsNameOctet(octet))
                {
                    Append(octet);
                }
                else if (octet is (byte)' ' or (byte)'\t')
                {
                    _state = State.BehindName;
                }
                else
                {
                    EndName(octet);
                }

                break;

            case State.BehindName:
                Undecided++;
                if (octet is not ((byte)' ' or (byte)'\t'))
                {
                    EndName(octet);
                }

                break;

            case State.Rest:
                _state = octet == '\n' && _sawCr ? State.LineStart : State.Rest;
                _sawCr = octet == '\r';
                break;
        }
    }

    /// <summary>Ends the header before the octets that are <see cref="Undecided"/>, as what they begin is no field.</summary>
    public void End()
    {
        LacksEmptyLine = !IsOver || LacksEmptyLine;
        _state = State.Over;
    }

    private void StartLine(byte octet)
    {
        if (_sawCr && octet == '\n')
        {
            // The empty line: the regular end.
            _state = State.Over;
        }
        else if (_sawCr)
        {
            End();
        }
        else if (octet == '\r')
        {
            _sawCr = true;
        }
        else if (octet is (byte)' ' or (byte)'\t')
        {
            // A folded line (§2.2.3).
            Decide();
        }
        else if (IsNameOctet(octet))
        {
            _nameLength = 0;
            Append(octet);
            _state = State.Name;
        }
        else
        {
            End();
        }
    }

    private void EndName(byte octet)
    {
        ReadOnlySpan<byte> name = _nameLength <= LongestName ? ((ReadOnlySpan<byte>)_name)[.._nameLength] : default;
        if (octet == ':')
        {
            HasDate |= name.SequenceEqual("date"u8);
            HasMessageId |= name.SequenceEqual("message-id"u8);
        }
        else if (_isBehindFirstLine || octet == '\r' || _state != State.BehindName || !name.SequenceEqual("from"u8))
        {
            End();
            return;
        }

        // A field, or the line that mailbox files have in front of a message: "From a@example.com Mon Jan ...".
        Decide();
    }

    private void Decide()
    {
        Undecided = 0;
        _sawCr = false;
        _isBehindFirstLine = true;
        _state = State.Rest;
    }

    private void Append(byte octet)
    {
        if (_nameLength < LongestName)
        {
            _name[_nameLength] = octet is >= (byte)'A' and <= (byte)'Z' ? (byte)(octet | 0x20) : octet;
        }

        _nameLength = Math.Min(_nameLength + 1, LongestName + 1);
    }

    /// <summary><c>ftext = %d33-57 / %d59-126</c> (RFC 5322 §3.6.8)</summary>
    private static bool IsNameOctet(byte octet) => octet is > (byte)' ' and < 0x7F and not (byte)':';

    [System.Runtime.CompilerServices.InlineArray(LongestName)]
    private struct NameBuffer
    {
        private byte _first;
    }
}
