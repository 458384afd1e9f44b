using System.Text;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using Smtp.Hosting;

namespace Smtp.Packages.Tests.Forwarding;

public sealed class HopCounterTests
{
    private static readonly string[] Pieces = ["Received:", "received:", "Received", " :", ":", "X-", "\r\n", "\r\n", "\r\n\r\n", " ", "a", "received: x\r\n"];

    [Property(MaxTest = 500)]
    public Property Counts_as_a_slow_reader_does_however_the_message_is_cut() => Prop.ForAll(
        Gen.Elements(Pieces).ListOf().ToArbitrary(),
        Gen.Choose(1, 12).ToArbitrary(),
        (pieces, size) =>
        {
            string text = string.Concat(pieces);
            byte[] octets = Encoding.ASCII.GetBytes(text);
            var counter = default(HopCounter);
            foreach (byte[] chunk in octets.Chunk(size))
            {
                counter.Read(chunk);
            }

            // An unfinished last line is a field already if its name is there.
            string header = text.StartsWith("\r\n", StringComparison.Ordinal) ? string.Empty : text.Split("\r\n\r\n")[0];
            return counter.Count == header.Split("\r\n").Count(line => line.StartsWith("received:", StringComparison.OrdinalIgnoreCase));
        });
}
