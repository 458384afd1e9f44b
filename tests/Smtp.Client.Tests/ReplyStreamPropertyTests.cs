using System.Text;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;

namespace Smtp.Client.Tests;

/// <summary>A server that says anything at all, cut anywhere.</summary>
public sealed class ReplyStreamPropertyTests
{
    // What the client may keep of one reply, and tell: far under what the server says below.
    private const int MaximumTold = 128 * 1024;

    private static readonly string[] Pieces =
    [
        "220 mx\r\n", "250 OK\r\n", "250-mx\r\n250 PIPELINING\r\n", "250-mx\r\n250-CHUNKING\r\n250 SIZE 100\r\n", "354 go\r\n", "250-", "250 ", "421 4.3.2 bye\r\n",
        "451 4.3.0 later\r\n", "550 5.7.1 never\r\n", "503 what\r\n", "235 in\r\n", "334 \r\n", "999 x\r\n", "2", "25", "250", "\r\n", "\r", "\n", "\0", "x", "250 \u00fc\r\n",
    ];

    [Property(MaxTest = 300)]
    public Property Ends_in_a_result_or_a_named_error()
    {
        Gen<string> piece = Gen.Frequency(
            (12, Gen.Elements(Pieces)),
            (1, Gen.Choose(1, 100_000).Select(n => new string('y', n))),
            (1, Gen.Choose(1, 3000).Select(n => string.Concat(Enumerable.Repeat("250-and so on\r\n", n)))));
        Arbitrary<(string Octets, int[] Cuts, int Good)> arbitrary =
            (from pieces in piece.ListOf()
             from cuts in Gen.Choose(1, 40).ListOf()
             from good in Gen.Choose(0, 5)
             select (string.Concat(pieces), cuts.ToArray(), good)).ToArbitrary();
        return Prop.ForAll(arbitrary, input => RunAsync(input.Octets, input.Cuts, input.Good).GetAwaiter().GetResult());
    }

    /// <param name="octets">What the server says behind a good beginning.</param>
    /// <param name="cuts">The lengths of its packets, over and over.</param>
    /// <param name="good">How far the good beginning goes.</param>
    private static async Task RunAsync(string octets, int[] cuts, int good)
    {
        string[] beginning = ["220 mx\r\n", "250-mx\r\n250 PIPELINING\r\n", "250 OK\r\n", "250 OK\r\n", "354 go\r\n"];
        byte[] said = Encoding.Latin1.GetBytes(string.Concat(beginning[..good]) + octets);
        (DuplexStream near, DuplexStream far) = DuplexStream.CreatePair();
        Task server = SayAsync(far, said, cuts);
        Task drained = DrainAsync(far);
        var result = new SendResult();
        SmtpConnection? connection = null;
        try
        {
            connection = await SmtpConnection.ConnectAsync(near, TestConnection.Options()).AsTask().WaitAsync(TimeSpan.FromSeconds(30));
            await connection.SendAsync(TestConnection.Message("x\r\n"u8.ToArray()), result).AsTask().WaitAsync(TimeSpan.FromSeconds(30));
            Assert.Equal(0, result.Recipients.CountOf(DeliveryOutcome.Pending));
        }
        catch (SmtpReplyException error)
        {
            Assert.True(error.Violation != PeerViolation.None || !error.Reply.IsNone, error.ToString());
            Assert.InRange(error.Reply.ToString().Length, 0, MaximumTold);
            Assert.False(result.IsAccepted);
        }
        catch (SmtpTransportException error)
        {
            Assert.NotEqual(SmtpStage.None, error.Stage);
            Assert.False(result.IsAccepted);
        }

        // Nobody is told 250 unless the server has said it to the end of data.
        Assert.True(!result.IsAccepted || result.Recipients[0].Reply.Code / 100 == 2);
        connection?.Abort();
        await (connection?.DisposeAsync() ?? near.DisposeAsync());
        await server;
        await drained;
    }

    private static async Task SayAsync(DuplexStream far, byte[] said, int[] cuts)
    {
        await Task.Yield();
        try
        {
            int start = 0;
            for (int i = 0; start < said.Length; i++)
            {
                // A long one does not take all day.
                int length = Math.Min(cuts.Length == 0 ? said.Length : Math.Max(cuts[i % cuts.Length], said.Length / 500), said.Length - start);
                await far.WriteAsync(said.AsMemory(start, length));
                start += length;
            }
        }
        catch (Exception error) when (error is IOException or InvalidOperationException)
        {
            // The client has gone.
        }

        far.EndWriting();
    }

    private static async Task DrainAsync(DuplexStream far)
    {
        byte[] buffer = new byte[4096];
        try
        {
            while (await far.ReadAsync(buffer) > 0)
            {
            }
        }
        catch (Exception error) when (error is IOException or InvalidOperationException)
        {
            // It is closed.
        }
    }
}
