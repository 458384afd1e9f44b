namespace Relay.Spool.Tests;

public sealed class DurationTextTests
{
    [Theory]
    [InlineData("250ms", "00:00:00.250")]
    [InlineData("90s", "00:01:30")]
    [InlineData(" 5m ", "00:05:00")]
    [InlineData("4h", "04:00:00")]
    [InlineData("5d", "5.00:00:00")]
    [InlineData("00:00:30", "00:00:30")]
    [InlineData("2.00:00:00", "2.00:00:00")]
    [InlineData("0s", "00:00:00")]
    public void A_time_is_a_number_with_its_unit_or_hours_minutes_and_seconds(string text, string expected)
    {
        Assert.True(DurationText.TryParse(text, out TimeSpan time));
        Assert.Equal(TimeSpan.Parse(expected, System.Globalization.CultureInfo.InvariantCulture), time);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("5")]
    [InlineData("m")]
    [InlineData("-5m")]
    [InlineData("-00:00:05")]
    [InlineData("5 m")]
    [InlineData("5M")]
    [InlineData("1.5h")]
    [InlineData("99999999999999999999s")]
    [InlineData("9223372036854775807d")]
    [InlineData("25:61:00")]
    public void Anything_else_is_none(string? text) => Assert.False(DurationText.TryParse(text, out _));
}
