namespace Smtp.Core.Tests;

public class EnhancedStatusTests
{
    [Theory]
    [InlineData("2.0.0", 2, 0, 0, 5)]
    [InlineData("5.1.1 No such user", 5, 1, 1, 5)]
    [InlineData("4.7.10 x", 4, 7, 10, 6)]
    [InlineData("5.999.999 x", 5, 999, 999, 9)]
    [InlineData("5.7.1  x", 5, 7, 1, 5)]
    public void A_status_is_read_from_the_start(string text, byte @class, ushort subject, ushort detail, int length)
    {
        Assert.True(EnhancedStatus.TryParse(Wire.Encode(text), out EnhancedStatus status, out int taken));
        Assert.Equal(new EnhancedStatus(@class, subject, detail), status);
        Assert.Equal(length, taken);
        Assert.Equal(text[..length], status.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("5")]
    [InlineData("5.1")]
    [InlineData("5.1.")]
    [InlineData("5..1")]
    [InlineData("5.1. 1")]
    [InlineData("5.1.1.")]
    [InlineData("5.1.1,")]
    [InlineData("5.1.1x")]
    [InlineData("5.1.1-x")]
    [InlineData("5.1.1\t")]
    [InlineData("5.1000.1")]
    [InlineData("5.1.1000")]
    [InlineData("1.1.1")]
    [InlineData("3.0.0")]
    [InlineData("6.1.1")]
    [InlineData("55.1.1")]
    [InlineData(" 5.1.1")]
    [InlineData("5.+1.1")]
    [InlineData("5.1.+1")]
    [InlineData("5.-1.1")]
    [InlineData("5.-0.1")]
    [InlineData("5.1.-0")]
    [InlineData("5.0x1.1")]
    [InlineData("5.1e1.1")]
    [InlineData("OK 5.1.1")]
    public void What_is_no_status_is_text(string text)
    {
        Assert.False(EnhancedStatus.TryParse(Wire.Encode(text), out EnhancedStatus status, out int taken));
        Assert.True(status.IsNone);
        Assert.Equal(0, taken);
    }

    [Fact]
    public void None_is_no_text()
    {
        Assert.True(EnhancedStatus.None.IsNone);
        Assert.Equal("", EnhancedStatus.None.ToString());
    }
}
