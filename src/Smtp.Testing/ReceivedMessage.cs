using System.Net;
using System.Text;
using Smtp.Core;
using Smtp.Server;

namespace Smtp.Testing;

/// <summary>A message that a <see cref="SmtpTestServer"/> has taken.</summary>
public sealed class ReceivedMessage
{
    private readonly byte[] _content;
    private readonly int _bodyStart;

    internal ReceivedMessage(SmtpSessionContext session, Envelope envelope, ReadOnlyMemory<byte> content)
    {
        From = envelope.ReversePath.ToString();
        To = [.. envelope.CopyForwardPaths().Select(path => path.ToString())];
        BodyType = envelope.Body;
        SmtpUtf8 = envelope.SmtpUtf8;
        DeclaredSize = envelope.DeclaredSize;
        HelloName = session.HelloName;
        Identity = session.Identity;
        IsTls = session.IsTls;
        RemoteEndPoint = session.RemoteEndPoint;
        ConnectionId = session.ConnectionId;
        _content = content.ToArray();
        int blank = _content.AsSpan().IndexOf("\r\n\r\n"u8);
        (Headers, _bodyStart) = _content.AsSpan().StartsWith("\r\n"u8) ? ([], 2)
            : blank < 0 ? (ReadHeaders(_content), _content.Length)
            : (ReadHeaders(_content.AsSpan(0, blank + 2)), blank + 4);
    }

    /// <summary>The envelope's sender (MAIL); empty for the null path.</summary>
    public string From { get; }

    /// <summary>The envelope's recipients (RCPT), in their order. Who is on a blind copy is here and not in the header.</summary>
    public IReadOnlyList<string> To { get; }

    /// <summary>MAIL's BODY.</summary>
    public BodyType BodyType { get; }

    /// <summary>Whether MAIL had SMTPUTF8.</summary>
    public bool SmtpUtf8 { get; }

    /// <summary>MAIL's SIZE in octets, or -1.</summary>
    public long DeclaredSize { get; }

    /// <summary>The name that the client gave with EHLO.</summary>
    public string HelloName { get; }

    /// <summary>Who the client proved to be with AUTH, or null.</summary>
    public string? Identity { get; }

    /// <summary>Whether it came under TLS.</summary>
    public bool IsTls { get; }

    /// <summary>The client's side of the connection.</summary>
    public EndPoint? RemoteEndPoint { get; }

    /// <summary>The connection's number: messages over one connection have the same.</summary>
    public long ConnectionId { get; }

    /// <summary>Header and body as they came, with CRLF line endings.</summary>
    public ReadOnlyMemory<byte> Content => _content;

    /// <summary><see cref="Content"/> as text, from UTF-8.</summary>
    public string Text => Encoding.UTF8.GetString(_content);

    /// <summary>The body as it came, from UTF-8: encoded where it is MIME. A MIME parser, such as MimeKit, takes it apart.</summary>
    public string Body => Encoding.UTF8.GetString(_content.AsSpan(_bodyStart));

    /// <summary>The header's fields in their order, unfolded; encoded words stand as they came.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; }

    /// <summary>The field Subject, or null.</summary>
    public string? Subject => Header("Subject");

    /// <summary>The value of a field, unfolded; null if there is none, the first if there are several. Case does not count in names.</summary>
    public string? Header(string name)
    {
        foreach ((string field, string value) in Headers)
        {
            if (field.Equals(name, StringComparison.OrdinalIgnoreCase))
            {
                return value;
            }
        }

        return null;
    }

    /// <summary>The content as a stream, for a MIME parser.</summary>
    public Stream OpenContent() => new MemoryStream(_content, writable: false);

    /// <summary>Sender, recipients and subject on a line.</summary>
    public override string ToString() => $"From <{From}> to <{string.Join(">, <", To)}>: {Subject ?? "(no subject)"}";

    private static List<KeyValuePair<string, string>> ReadHeaders(ReadOnlySpan<byte> octets)
    {
        var headers = new List<KeyValuePair<string, string>>();
        foreach (string line in Encoding.UTF8.GetString(octets).Split("\r\n", StringSplitOptions.RemoveEmptyEntries))
        {
            if (line[0] is ' ' or '\t' && headers.Count > 0)
            {
                (string name, string value) = headers[^1];

                // RFC 5322 §2.2.3: the line break goes, the white space stays.
                headers[^1] = KeyValuePair.Create(name, value + line);
            }
            else if (line.IndexOf(':', StringComparison.Ordinal) is > 0 and int colon)
            {
                headers.Add(KeyValuePair.Create(line[..colon], line[(colon + 1)..].TrimStart()));
            }
        }

        return headers;
    }
}
