using System.Buffers;
using System.Diagnostics;

namespace Smtp.Core;

/// <summary>
/// Reads a server's replies (RFC 5321 §4.2): <c>*( Reply-code "-" [ textstring ] CRLF ) Reply-code [ SP textstring ] CRLF</c>.
/// </summary>
/// <remarks>
/// <para>
/// A reply's lines are copied to one buffer that is used again for the next reply, so that they outlive the input's memory and
/// nothing is allocated in steady state. Everything is bounded: a server that never ends a line or a reply ends in a violation.
/// </para>
/// <para>
/// Lines end with CRLF and nothing else. A lone CR or LF is a violation, not a line end: what a server echoes of an address
/// or a host name could otherwise become a reply of its own, and all later replies would answer the wrong command.
/// </para>
/// </remarks>
public sealed class ReplyReader
{
    /// <summary>The longest reply line in octets, CRLF included. Four times RFC 5321 §4.5.3.1.5's 512, as servers exceed that.</summary>
    public const int MaximumLineLength = 2048;

    /// <summary>The longest line in octets while a SASL exchange runs, whose challenges may have 12,288 (RFC 4954 §4).</summary>
    public const int MaximumChallengeLength = 12288;

    /// <summary>The most lines that a reply may have. EHLO replies in the field have up to thirty.</summary>
    public const int MaximumLines = 100;

    /// <summary>The most octets that a reply may have.</summary>
    public const int MaximumLength = 32 * 1024;

    private const int InitialBufferLength = 256;
    private const int KeptBufferLength = 4096;

    private LineReader _lines;
    private byte[] _buffer = new byte[InitialBufferLength];
    private int _length;
    private int _lineCount;
    private bool _ended = true;

    /// <summary>What is wrong, once <see cref="Read"/> said <see cref="ReplyReadStatus.Violation"/>.</summary>
    public PeerViolation Violation { get; private set; }

    /// <summary>Reads one reply.</summary>
    /// <param name="input">The unread octets. Complete lines are consumed and sliced off; a partial line stays.</param>
    /// <param name="maximumLineLength">The longest line allowed, in octets and with its CRLF.</param>
    /// <param name="reply">The reply, valid until the next call; none unless the status is <see cref="ReplyReadStatus.Reply"/>.</param>
    public ReplyReadStatus Read(ref ReadOnlySequence<byte> input, int maximumLineLength, out ReceivedReply reply)
    {
        reply = default;
        if (Violation != PeerViolation.None)
        {
            return ReplyReadStatus.Violation;
        }

        if (_ended)
        {
            Start();
        }

        while (true)
        {
            switch (_lines.Read(ref input, maximumLineLength, out ReadOnlySpan<byte> line))
            {
                case LineStatus.NeedInput:
                    return ReplyReadStatus.NeedInput;

                case LineStatus.TooLong:
                    return Violate(PeerViolation.LineTooLong);

                case LineStatus.BareLineEnding:
                    return Violate(PeerViolation.BareLineEnding);

                case LineStatus.Line when !IsReplyLine(line):
                    return Violate(PeerViolation.MalformedReply);

                case LineStatus.Line when _lineCount > 0 && !line[..3].SequenceEqual(_buffer.AsSpan(0, 3)):
                    return Violate(PeerViolation.CodeMismatch);

                case LineStatus.Line when _lineCount == MaximumLines:
                    return Violate(PeerViolation.TooManyLines);

                case LineStatus.Line when _length + line.Length + 2 > MaximumLength:
                    return Violate(PeerViolation.ReplyTooLong);

                case LineStatus.Line:
                    bool last = line.Length == 3 || line[3] == ' ';
                    Append(line);
                    _lines.ReleaseScratch();
                    if (last)
                    {
                        _ended = true;
                        reply = new ReceivedReply(_buffer.AsMemory(0, _length));
                        return ReplyReadStatus.Reply;
                    }

                    break;

                default:
                    throw new UnreachableException();
            }
        }
    }

    /// <summary>Forgets all state, as at the start of a connection.</summary>
    public void Reset()
    {
        _lines.Reset();
        _ended = true;
        Violation = PeerViolation.None;
    }

    private void Start()
    {
        // One long reply is no reason to keep its room for the life of the connection.
        if (_buffer.Length > KeptBufferLength)
        {
            _buffer = new byte[InitialBufferLength];
        }

        _length = 0;
        _lineCount = 0;
        _ended = false;
    }

    private void Append(ReadOnlySpan<byte> line)
    {
        int needed = _length + line.Length + 2;
        if (needed > _buffer.Length)
        {
            Array.Resize(ref _buffer, Math.Max(needed, _buffer.Length * 2));
        }

        line.CopyTo(_buffer.AsSpan(_length));
        "\r\n"u8.CopyTo(_buffer.AsSpan(_length + line.Length));
        _length = needed;
        _lineCount++;
    }

    private ReplyReadStatus Violate(PeerViolation violation)
    {
        Violation = violation;
        _lines.Reset();
        return ReplyReadStatus.Violation;
    }

    /// <summary><c>Reply-code = %x32-35 %x30-35 %x30-39</c>; the second digit is not held to its six values, as nothing rests on it.</summary>
    private static bool IsReplyLine(ReadOnlySpan<byte> line) =>
        line.Length >= 3
        && line[0] is >= (byte)'2' and <= (byte)'5'
        && char.IsAsciiDigit((char)line[1])
        && char.IsAsciiDigit((char)line[2])
        && (line.Length == 3 || line[3] is (byte)' ' or (byte)'-');
}
