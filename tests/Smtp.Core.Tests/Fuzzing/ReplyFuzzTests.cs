using System.Buffers;

namespace Smtp.Core.Tests.Fuzzing;

/// <summary>Mutated replies against <see cref="ReplyReader"/>: for any split it says what <see cref="ReplyOracle"/> says, and holds no more than its limits.</summary>
public sealed class ReplyFuzzTests
{
    [Fact]
    public void Any_octets_are_read_as_the_oracle_reads_them()
    {
        byte[][] corpus = [.. FuzzCorpus.Files("replies-").Select(file => file.Input)];
        Assert.NotEmpty(corpus);
        var mutator = new WireMutator(7, corpus);
        var seen = new HashSet<string>();
        for (int i = 0; i < corpus.Length + (3 * FuzzCorpus.Runs); i++)
        {
            byte[] input = i < corpus.Length ? corpus[i] : mutator.Next();
            string expected = ReplyOracle.Read(input);
            var random = new Random(i);
            try
            {
                Assert.Equal(expected, Read(input, _ => input.Length));
                Assert.Equal(expected, Read(input, _ => 1));
                Assert.Equal(expected, Read(input, _ => random.Next(1, 60)));
            }
            catch (Exception error)
            {
                // To be committed as a file of the corpus: base64 -d > replies-NAME.corpus
                Assert.Fail($"Input {i} fails.\n{Convert.ToBase64String(input)}\n{Wire.Show(input)}\n{error}");
            }

            // The codes and the end, without the texts.
            if (seen.Add(string.Concat(expected.Split('\n').Select(line => line.Length >= 4 ? line[..4] : line))))
            {
                mutator.Keep(input);
            }
        }

        Assert.True(seen.Count > 100, $"Only {seen.Count} kinds of sessions were seen: the mutants do not get far.");
    }

    private static string Read(byte[] input, Func<int, int> next)
    {
        var reader = new ReplyReader();
        var said = new List<string>();
        byte[] unread = [];
        for (int at = 0; at < input.Length;)
        {
            int length = Math.Min(Math.Max(1, next(at)), input.Length - at);
            byte[] read = [.. unread, .. input.AsSpan(at, length)];
            at += length;
            var sequence = new ReadOnlySequence<byte>(read);
            ReplyReadStatus status;
            while ((status = reader.Read(ref sequence, ReplyReader.MaximumLineLength, out ReceivedReply reply)) == ReplyReadStatus.Reply)
            {
                Assert.InRange(reply.Octets.Length, 5, ReplyReader.MaximumLength);
                said.Add($"{reply.Code} {Wire.Show(reply.Octets)}");
            }

            if (status == ReplyReadStatus.Violation)
            {
                said.Add(reader.Violation.ToString());
                return string.Join('\n', said);
            }

            unread = sequence.ToArray();
            Assert.InRange(unread.Length, 0, ReplyReader.MaximumLineLength);
        }

        return string.Join('\n', said);
    }
}
