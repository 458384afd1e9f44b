using System.Text;

namespace Smtp.Core.Tests;

/// <summary>What holds octets is equal where the octets are, wherever they lie.</summary>
public sealed class EqualityTests
{
    [Fact]
    public void Of_recipients()
    {
        EnvelopeRecipient Make(string path = "a@example.com", DsnNotify notify = DsnNotify.Never, string original = "rfc822;a@example.com") =>
            new(SmtpPath.Parse(path), notify, Encoding.ASCII.GetBytes(original));
        Assert.Equal(Make(), Make());
        Assert.Equal(Make().GetHashCode(), Make().GetHashCode());
        Assert.NotEqual(Make(), Make(path: "b@example.com"));
        Assert.NotEqual(Make(), Make(notify: DsnNotify.Delay));
        Assert.NotEqual(Make(), Make(original: "rfc822;b@example.com"));
    }

    [Fact]
    public void Of_channel_bindings()
    {
        SaslChannelBinding Make(string name = "tls-exporter", byte last = 1) => new(name, new byte[] { 0, last });
        Assert.Equal(Make(), Make());
        Assert.Equal(Make().GetHashCode(), Make().GetHashCode());
        Assert.NotEqual(Make(), Make(name: "tls-server-end-point"));
        Assert.NotEqual(Make(), Make(last: 2));
    }
}
