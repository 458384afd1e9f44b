using System.Security.Cryptography;
using FsCheck.Xunit;
using Smtp.Core;

namespace Relay.Delivery.Tests;

public sealed class VerpAddressTests
{
    private static readonly VerpAddress Verp = new("bounces.example.test", RandomNumberGenerator.GetBytes(32));

    [Property]
    public bool What_was_made_is_read_back_in_any_case(Guid id, int recipient)
    {
        string address = Verp.Create(id.ToString("N"), recipient);
        Assert.True(SmtpPath.TryParse(address, out SmtpPath path));
        Assert.True(path.LocalPart.Length <= 64);
        return Verp.TryRead(address.ToUpperInvariant(), out string read, out int index) && read == id.ToString("N") && index == recipient;
    }

    [Fact]
    public void A_token_that_was_changed_anywhere_is_nobodys()
    {
        string address = Verp.Create(Guid.NewGuid().ToString("N"), 3);
        for (int i = 0; i < address.IndexOf('@', StringComparison.Ordinal); i++)
        {
            string changed = address[..i] + (address[i] == 'q' ? 'r' : 'q') + address[(i + 1)..];
            Assert.False(Verp.TryRead(changed, out _, out _));
        }

        Assert.False(new VerpAddress(Verp.Domain, RandomNumberGenerator.GetBytes(32)).TryRead(address, out _, out _));
        Assert.False(Verp.TryRead(address.Replace("bounces", "other", StringComparison.Ordinal), out _, out _));
    }

    [Theory]
    [InlineData("")]
    [InlineData("@bounces.example.test")]
    [InlineData("b-@bounces.example.test")]
    [InlineData("b-aaaa@bounces.example.test")]
    [InlineData("postmaster@bounces.example.test")]
    [InlineData("b-0000000000000000000000000000000000000000000000000000@bounces.example.test")]
    public void What_is_no_token_is_none(string address) => Assert.False(Verp.TryRead(address, out _, out _));
}
