using System.IO.Pipelines;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;

namespace Smtp.Client.Tests;

public sealed class SendPropertyTests
{
    [Property(MaxTest = 150)]
    public Property What_the_peers_decoder_returns_is_what_was_sent_as_lines()
    {
        Gen<string> piece = Gen.Frequency(
            (3, Gen.Elements("\r\n", "\r\n", ".", "..", "\r", "\n", "x", "text", "\r\n.\r\n", "\n.\n", "\u00fc", "\0")),
            (1, Gen.Choose(1, 9000).Select(n => new string('y', n))));
        Arbitrary<(string Content, int Segment, int Kind)> arbitrary =
            (from pieces in piece.ListOf()
             from segment in Gen.Choose(1, 300)
             from kind in Gen.Choose(0, 2)
             select (string.Concat(pieces), segment, kind)).ToArbitrary();
        return Prop.ForAll(arbitrary, input => SendAndCompareAsync(input.Content, input.Segment, input.Kind).GetAwaiter().GetResult());
    }

    private static async Task SendAndCompareAsync(string text, int segment, int kind)
    {
        byte[] content = Encoding.Latin1.GetBytes(text);
        await using TestConnection connection = await TestConnection.ConnectAsync("8BITMIME");
        Task<string> peer = AnswerAsync(connection.Peer);
        SendResult result = await connection.Client.SendAsync(TestConnection.Message(Content(content, segment, kind)));
        Assert.True(result.IsAccepted);
        Assert.Equal(Oracle(text), await peer);
    }

    private static async Task<string> AnswerAsync(ScriptedPeer peer)
    {
        await peer.ReadLineAsync();
        await peer.SayAsync("250 OK\r\n");
        await peer.ReadLineAsync();
        await peer.SayAsync("250 OK\r\n");
        await peer.RunAsync("C: DATA\nS: 354 go\n<body>\nS: 250 OK");
        return Encoding.Latin1.GetString(peer.Bodies[0]);
    }

    /// <summary>Slow and obvious: every CR, LF or CRLF ends a line, and so does the content's end.</summary>
    private static string Oracle(string content)
    {
        string lines = content.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n').Replace("\n", "\r\n", StringComparison.Ordinal);
        return lines.Length == 0 || lines.EndsWith("\r\n", StringComparison.Ordinal) ? lines : lines + "\r\n";
    }

    private static MessageContent Content(byte[] content, int segment, int kind)
    {
        if (kind == 1)
        {
            return MessageContent.FromStream(new MemoryStream(content));
        }

        if (kind == 2)
        {
            return MessageContent.FromPipe(PipeReader.Create(
                new MemoryStream(content), new StreamPipeReaderOptions(bufferSize: segment, minimumReadSize: 1)));
        }

        return MessageContent.FromMemory(Segments.Of(content, segment));
    }
}
