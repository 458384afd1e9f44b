using System.Globalization;
using System.IO.Pipelines;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;

namespace Smtp.Client.Tests;

/// <summary>For any content and any way to bring it, what a peer puts together from the chunks is what was sent.</summary>
public sealed class ChunkingPropertyTests
{
    private static readonly string[][] Offers = [["CHUNKING", "BINARYMIME"], ["PIPELINING", "CHUNKING", "BINARYMIME"]];

    /// <summary>Binary content, from memory, a stream, a pipe or a callback, of known length or not, in pieces of 1 octet to 100 KB.</summary>
    [Property(MaxTest = 100)]
    public Property Binary_content_arrives_octet_by_octet()
    {
        Gen<int> length = Gen.Frequency(
            (3, Gen.Choose(0, 300)), (3, Gen.Choose(0, 20_000)), (2, Gen.Choose(60_000, 300_000)), (1, Gen.Elements(64 * 1024 - 1, 64 * 1024, 64 * 1024 + 1, 128 * 1024)));
        Arbitrary<(int Length, int Seed, int[] Pieces, int Kind, int Offer)> arbitrary =
            (from octets in length
             from seed in Gen.Choose(0, int.MaxValue - 1)
             from pieces in Gen.Frequency((1, Gen.Choose(1, 100)), (2, Gen.Choose(100, 5000)), (2, Gen.Choose(5000, 100_000))).NonEmptyListOf()
             from kind in Gen.Choose(0, 4)
             from offer in Gen.Choose(0, Offers.Length - 1)
             select (octets, seed, pieces.ToArray(), kind, offer)).ToArbitrary();
        return Prop.ForAll(arbitrary, input =>
        {
            byte[] content = new byte[input.Length];
            new Random(input.Seed).NextBytes(content);
            return SendAndCompareAsync(Content(content, input.Pieces, input.Kind), BodyType.BinaryMime, content, Offers[input.Offer]).GetAwaiter().GetResult();
        });
    }

    /// <summary>Text in memory: its lines as they are, dots too, and a line end at its end.</summary>
    [Property(MaxTest = 100)]
    public Property A_text_arrives_as_its_lines()
    {
        Gen<string> piece = Gen.Frequency(
            (4, Gen.Elements("\r\n", ".", "..", "x", "\r\n.\r\n", "RSET\r\n", "BDAT 0 LAST\r\n", "\0")),
            (1, Gen.Choose(1, 900).Select(n => new string('y', n))));
        Arbitrary<(string Content, int Segment, int Offer)> arbitrary =
            (from pieces in piece.ListOf()
             from segment in Gen.Choose(1, 300)
             from offer in Gen.Choose(0, Offers.Length - 1)
             select (string.Concat(pieces), segment, offer)).ToArbitrary();
        return Prop.ForAll(arbitrary, input =>
        {
            string lines = input.Content.Length == 0 || input.Content.EndsWith("\r\n", StringComparison.Ordinal) ? input.Content : input.Content + "\r\n";
            return SendAndCompareAsync(
                MessageContent.FromMemory(Segments.Of(Encoding.ASCII.GetBytes(input.Content), input.Segment)),
                null,
                Encoding.ASCII.GetBytes(lines),
                Offers[input.Offer]).GetAwaiter().GetResult();
        });
    }

    private static async Task<bool> SendAndCompareAsync(MessageContent content, BodyType? type, byte[] expected, string[] offer)
    {
        await using TestConnection connection = await TestConnection.ConnectAsync(offer);
        Task<byte[]> peer = PutTogetherAsync(connection.Peer);
        SmtpMessage message = TestConnection.Message(content);
        message.Envelope.Body = type;
        SendResult result = await connection.Client.SendAsync(message, TestContext.Current.CancellationToken);
        byte[] arrived = await peer;
        return result.IsAccepted && expected.AsSpan().SequenceEqual(arrived) && connection.Client.IsUsable;
    }

    private static MessageContent Content(byte[] content, int[] pieces, int kind) => kind switch
    {
        0 => MessageContent.FromMemory(Segments.Of(content, pieces[0])),
        1 => MessageContent.FromStream(new MemoryStream(content)),
        2 => MessageContent.FromPipe(PipeReader.Create(new MemoryStream(content), new StreamPipeReaderOptions(bufferSize: Math.Min(pieces[0], 4096), minimumReadSize: 1))),
        _ => MessageContent.FromWriter(
            async (writer, token) =>
            {
                int start = 0;
                for (int i = 0; start < content.Length; i++)
                {
                    int length = Math.Min(pieces[i % pieces.Length], content.Length - start);
                    await writer.WriteAsync(content.AsMemory(start, length), token);
                    start += length;
                }
            },
            kind == 3 ? null : content.Length),
    };

    /// <summary>Takes whatever comes by BDAT, and answers everything with 250.</summary>
    private static async Task<byte[]> PutTogetherAsync(ScriptedPeer peer)
    {
        using var body = new MemoryStream();
        while (await peer.ReadLineAsync() is { } line)
        {
            string[] words = line.Split(' ');
            if (words[0] == "BDAT")
            {
                body.Write(await peer.ReadExactlyAsync(int.Parse(words[1], CultureInfo.InvariantCulture)));
            }

            await peer.SayAsync("250 OK\r\n");
            if (words is ["BDAT", _, "LAST"])
            {
                break;
            }
        }

        return body.ToArray();
    }
}
