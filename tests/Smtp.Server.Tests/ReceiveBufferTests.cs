using Smtp.Core;

namespace Smtp.Server.Tests;

/// <summary>What a connection holds while it waits.</summary>
public sealed class ReceiveBufferTests
{
    [Theory]
    [InlineData(0, 128)]
    [InlineData(20, 128)]
    [InlineData(300, 1024)]
    public void A_connection_that_waits_holds_little_more_than_what_is_left_of_a_line(int left, int most)
    {
        var buffer = default(ReceiveBuffer);
        Memory<byte> memory = buffer.GetMemory(ServerPhase.Ready, hasCome: true);
        Assert.InRange(memory.Length, 16 * 1024, 16 * 1024);
        memory.Span[..1000].Fill((byte)'x');
        buffer.Commit(1000);
        buffer.KeepLast(left);
        Assert.InRange(buffer.GetMemory(ServerPhase.Ready).Length + left, 128, most);
        Assert.Equal(left, buffer.Unconsumed.Length);
        Assert.DoesNotContain(buffer.Unconsumed.FirstSpan.ToArray(), octet => octet != 'x');
        buffer.Release();
    }

    [Fact]
    public void What_was_received_stays_when_there_is_more()
    {
        var buffer = default(ReceiveBuffer);
        Memory<byte> memory = buffer.GetMemory(ServerPhase.Ready);
        Assert.Equal(128, memory.Length);
        memory.Span.Fill((byte)'a');
        buffer.Commit(128);
        Assert.True(buffer.WasFilled);
        memory = buffer.GetMemory(ServerPhase.Ready, hasCome: true);
        Assert.InRange(memory.Length, 8 * 1024, int.MaxValue);
        memory.Span[0] = (byte)'b';
        buffer.Commit(1);
        Assert.False(buffer.WasFilled);
        Assert.Equal(new string('a', 128) + "b", System.Text.Encoding.ASCII.GetString(buffer.Unconsumed.FirstSpan));
        buffer.Release();
    }

    /// <summary>Else whoever sends flights of just that length would hold the large array of each of its connections.</summary>
    [Theory]
    [InlineData(ServerPhase.Ready, 128)]
    [InlineData(ServerPhase.Recipients, 4 * 1024)]
    public void A_flight_that_fills_the_large_array_does_not_keep_it(ServerPhase phase, int most)
    {
        var buffer = default(ReceiveBuffer);
        buffer.Commit(buffer.GetMemory(phase, hasCome: true).Length);
        buffer.KeepLast(0);
        Assert.InRange(buffer.GetMemory(phase).Length, 128, most);
        buffer.Release();
    }

    [Fact]
    public void What_is_left_of_a_line_when_the_client_goes_is_wiped()
    {
        var buffer = default(ReceiveBuffer);
        Memory<byte> memory = buffer.GetMemory(ServerPhase.Ready);
        "AUTH PLAIN AGFkYQBzZWNyZXQ"u8.CopyTo(memory.Span);
        buffer.Commit(26);
        buffer.Release();
        Assert.DoesNotContain(memory.ToArray(), octet => octet != 0);
    }
}
