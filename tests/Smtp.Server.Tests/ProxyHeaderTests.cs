using System.Net;
using System.Text;

namespace Smtp.Server.Tests;

/// <summary>The PROXY protocol's header, both versions, down to the octet behind it.</summary>
public sealed class ProxyHeaderTests
{
    private const string Signature = "\r\n\r\n\0\r\nQUIT\n";

    public static TheoryData<string, string> Valid => new()
    {
        { "PROXY TCP4 192.0.2.1 198.51.100.2 56324 25\r\n", "192.0.2.1:56324 198.51.100.2:25" },
        { "PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n", "255.255.255.255:65535 255.255.255.255:65535" },
        { "PROXY TCP4 0.0.0.0 0.0.0.0 0 0\r\n", "0.0.0.0:0 0.0.0.0:0" },
        { "PROXY TCP6 2001:db8::1 2001:DB8::2 1 2\r\n", "[2001:db8::1]:1 [2001:db8::2]:2" },
        { "PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n", "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535 [ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535" },
        { "PROXY UNKNOWN\r\n", " " },
        { "PROXY UNKNOWN what ever 1 2 3 4 5 6\r\n", " " },
        { "PROXY UNKNOWN " + new string('x', 91) + "\r\n", " " },
        { Version2(0x21, 0x11, "\xC0\0\x02\x01\xC6\x33\x64\x02\xDC\x04\0\x19"), "192.0.2.1:56324 198.51.100.2:25" },
        { Version2(0x21, 0x21, "\x20\x01\x0d\xb8" + new string('\0', 11) + "\x01\x20\x01\x0d\xb8" + new string('\0', 11) + "\x02\0\x01\0\x02"), "[2001:db8::1]:1 [2001:db8::2]:2" },

        // TLVs behind the addresses: an authority, a CRC32c and a "no operation".
        { Version2(0x21, 0x11, "\xC0\0\x02\x01\xC6\x33\x64\x02\xDC\x04\0\x19\x02\0\x04mail\x03\0\x04\x01\x02\x03\x04\x04\0\x02\0\0"), "192.0.2.1:56324 198.51.100.2:25" },
        { Version2(0x21, 0x11, "\xC0\0\x02\x01\xC6\x33\x64\x02\xDC\x04\0\x19" + new string('\x04', 4084)), "192.0.2.1:56324 198.51.100.2:25" },

        // LOCAL, with whatever it carries; UNSPEC; UDP; a Unix socket.
        { Version2(0x20, 0x00, string.Empty), " " },
        { Version2(0x20, 0x11, "\xC0\0\x02\x01\xC6\x33\x64\x02\xDC\x04\0\x19"), " " },
        { Version2(0x21, 0x00, "whatever"), " " },
        { Version2(0x21, 0x12, "\xC0\0\x02\x01\xC6\x33\x64\x02\xDC\x04\0\x19"), " " },
        { Version2(0x21, 0x31, new string('/', 216)), " " },
    };

    public static TheoryData<string> Malformed =>
    [
        string.Empty,
        "P",
        "PROXY UNKNO",
        "PROXY UNKNOWN",
        "PROXY UNKNOWN\n",
        "PROXY UNKNOWN \n",
        "PROXY UNKNOWN\rx\r\n",
        "PROXY UNKNOWNS\r\n",
        "PROXY unknown x\r\n",
        "proxy TCP4 192.0.2.1 198.51.100.2 56324 25\r\n",
        "PROXY  TCP4 192.0.2.1 198.51.100.2 56324 25\r\n",
        "PROXY TCP4 192.0.2.1  198.51.100.2 56324 25\r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.2 56324 25 \r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.2 56324\r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.2 56324 25 1\r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.2 56324 65536\r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.2 -1 25\r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.2 +1 25\r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.2 01 25\r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.2 0x1 25\r\n",
        "PROXY TCP4 192.0.2 198.51.100.2 1 25\r\n",
        "PROXY TCP4 192.0.2.01 198.51.100.2 1 25\r\n",
        "PROXY TCP4 3221225985 198.51.100.2 1 25\r\n",
        "PROXY TCP4 2001:db8::1 2001:db8::2 1 2\r\n",
        "PROXY TCP6 192.0.2.1 198.51.100.2 1 2\r\n",
        "PROXY TCP6 [2001:db8::1] 2001:db8::2 1 2\r\n",
        "PROXY TCP6 [2001:db8::1]:25 2001:db8::2 1 2\r\n",
        "PROXY TCP6 fe80::1%1 2001:db8::2 1 2\r\n",
        "PROXY TCP6 2001:db8::1/64 2001:db8::2 1 2\r\n",
        "PROXY UDP4 192.0.2.1 198.51.100.2 1 25\r\n",
        "PROXY UNKNOWN " + new string('x', 92) + "\r\n",
        "EHLO client.example.com\r\n",
        "\x16\x03\x01\x02\x00\x01\x00\x01\xFC\x03\x03\x00\x00\x00\x00\x00",
        Signature,
        Signature + "\x21\x11\0",
        Signature + "\x21\x11\0\x0C\xC0\0\x02\x01\xC6\x33\x64\x02\xDC\x04\0",
        Signature[..11] + "\r\x21\x11\0\0",
        Version2(0x11, 0x11, new string('\x01', 12)),
        Version2(0x31, 0x11, new string('\x01', 12)),
        Version2(0x22, 0x11, new string('\x01', 12)),
        Version2(0x2F, 0x00, string.Empty),
        Version2(0x21, 0x11, new string('\x01', 11)),
        Version2(0x21, 0x21, new string('\x01', 35)),
        Version2(0x21, 0x11, new string('\x01', 4097)),
        Version2(0x20, 0x00, new string('\x01', 65535)),
    ];

    [Theory]
    [MemberData(nameof(Valid))]
    public async Task A_header_is_read_to_its_end_and_not_one_octet_further(string header, string expected)
    {
        foreach (string behind in (string[])[string.Empty, "EHLO x\r\n", "\x16\x03\x01"])
        {
            using var stream = new Dripping(Encoding.Latin1.GetBytes(header + behind));
            ProxyHeader? read = await ProxyHeader.ReadAsync(stream);
            Assert.NotNull(read);
            Assert.Equal(expected, $"{read.Source} {read.Destination}");
            Assert.Equal(header.Length, stream.Position);
        }
    }

    [Theory]
    [MemberData(nameof(Malformed))]
    public async Task What_is_none_is_refused(string octets)
    {
        using var stream = new Dripping(Encoding.Latin1.GetBytes(octets));
        Assert.Null(await ProxyHeader.ReadAsync(stream));
    }

    [Fact]
    public async Task A_header_cut_anywhere_is_refused()
    {
        foreach (string header in Valid.Select(row => row.Data.Item1))
        {
            for (int length = 0; length < Math.Min(header.Length, 130); length++)
            {
                using var stream = new MemoryStream(Encoding.Latin1.GetBytes(header[..length]));
                Assert.Null(await ProxyHeader.ReadAsync(stream));
            }
        }
    }

    [Fact]
    public async Task Mutated_headers_are_read_or_refused_and_never_fail()
    {
        var random = new Random(20);
        int accepted = 0;
        string[] headers = [.. Valid.Select(row => row.Data.Item1)];
        for (int i = 0; i < 5000; i++)
        {
            byte[] octets = Encoding.Latin1.GetBytes(headers[random.Next(headers.Length)]);
            for (int mutation = random.Next(1, 4); mutation > 0; mutation--)
            {
                octets[random.Next(Math.Min(octets.Length, 64))] = (byte)random.Next(256);
            }

            using var stream = new MemoryStream(octets);
            if (await ProxyHeader.ReadAsync(stream) is not null)
            {
                accepted++;
                Assert.InRange(stream.Position, 15, octets.Length);
            }
        }

        // Both outcomes are met with this seed, so that neither goes untested.
        Assert.InRange(accepted, 100, 4900);
    }

    [Theory]
    [InlineData("PROXY TCP4 192.0.2.1 198.51.100.2 56324 25\r\n", "192.0.2.1:56324 198.51.100.2:25")]
    [InlineData("PROXY TCP6 ::ffff:192.0.2.1 ::ffff:198.51.100.2 56324 25\r\n", "192.0.2.1:56324 198.51.100.2:25")]
    public async Task Behind_a_trusted_proxy_the_client_is_who_the_header_says(string header, string expected)
    {
        string? seen = null;
        var policy = new ScriptedPolicy
        {
            OnClient = (session, _) =>
            {
                Assert.Equal(IPAddress.Loopback, ((IPEndPoint)session.PeerEndPoint!).Address);
                seen = $"{session.RemoteEndPoint} {session.LocalEndPoint}";
                return default;
            },
        };
        await using var server = TestServer.Start(policy: policy, listeners: Trusting("127.0.0.0/8"));
        await using TestClient client = await server.ConnectSocketAsync();

        // In one packet with a command behind it, which is no octet of the header.
        await client.SendAsync(header + "EHLO x.example\r\n");
        await client.ExpectAsync("220 ");
        await client.ExpectAsync("250-");
        Assert.Equal(expected, seen);
        Assert.StartsWith("250 2.0.0", await client.SendMessageAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("PROXY UNKNOWN\r\n")]
    [InlineData(Signature + "\x20\0\0\0")]
    public async Task A_proxy_that_speaks_for_itself_is_the_client(string header)
    {
        EndPoint? remote = null;
        var policy = new ScriptedPolicy
        {
            OnClient = (session, _) =>
            {
                remote = session.RemoteEndPoint;
                return default;
            },
        };
        await using var server = TestServer.Start(policy: policy, listeners: Trusting("127.0.0.1/32"));
        await using TestClient client = await server.ConnectSocketAsync();
        await client.SendAsync(header);
        await client.GreetAsync();
        Assert.Equal(client.Socket!.LocalEndPoint, remote);
    }

    [Fact]
    public async Task From_an_untrusted_address_it_is_a_bad_command()
    {
        await using var server = TestServer.Start(listeners: Trusting("192.0.2.0/24"));
        await using TestClient client = await server.ConnectSocketAsync();
        await client.ExpectAsync("220 ");
        await client.SayAsync("PROXY TCP4 192.0.2.1 198.51.100.2 56324 25", "500 5.5.1");
        await client.SayAsync("EHLO x.example", "250-");
        Assert.Equal(1, server.Server.ConnectionCount);
    }

    [Theory]
    [InlineData("EHLO client.example.com\r\n")]
    [InlineData("PROXY TCP4 nonsense\r\n")]
    [InlineData(Signature + "\x21\x11\0\x01\0")]
    public async Task A_trusted_proxy_without_a_header_is_cut_off_and_the_log_says_so(string octets)
    {
        await using var server = TestServer.Start(listeners: Trusting("127.0.0.1/32"));
        await using TestClient client = await server.ConnectSocketAsync();
        await client.SendAsync(octets);
        await Record.ExceptionAsync(client.ExpectEndAsync);
        await server.UntilEmptyAsync();
        Assert.Single(server.Logs.Entries, e => e.EventId == 18);
        Assert.DoesNotContain(server.Logs.Entries, e => e.Level >= Microsoft.Extensions.Logging.LogLevel.Error);
    }

    [Fact]
    public async Task A_trusted_proxy_that_says_nothing_is_cut_off_in_time()
    {
        await using var server = TestServer.Start(listeners: Trusting("127.0.0.1/32"));
        await using TestClient silent = await server.ConnectSocketAsync();
        await using TestClient half = await server.ConnectSocketAsync();
        await half.SendAsync("PROXY TCP4 192.0");
        await server.UntilEmptyAsync();
    }

    [Fact]
    public async Task Implicit_TLS_begins_behind_the_header()
    {
        using var certificate = TestCertificates.Create("mail.example.com");
        await using var server = TestServer.Start(
            certificates: new TlsCertificates(certificate), listeners: Trusting("127.0.0.1/32", TlsMode.Implicit));
        await using TestClient client = await server.ConnectSocketAsync();
        await client.SendAsync(Version2(0x21, 0x11, "\xC0\0\x02\x01\xC6\x33\x64\x02\xDC\x04\0\x19\x04\0\x02\0\0"));
        await client.ShakeHandsAsync();
        await client.GreetAsync();
        Assert.StartsWith("250 2.0.0", await client.SendMessageAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_limit_per_address_counts_who_the_header_names()
    {
        await using var server = TestServer.Start(maximumPerAddress: 1, listeners: Trusting("127.0.0.1/32"));
        await using TestClient first = await server.ConnectSocketAsync();
        await first.SendAsync("PROXY TCP4 192.0.2.1 198.51.100.2 1 25\r\n");
        await first.GreetAsync();
        await using TestClient second = await server.ConnectSocketAsync();
        await second.SendAsync("PROXY TCP4 192.0.2.2 198.51.100.2 1 25\r\n");
        await second.GreetAsync();
        await using TestClient third = await server.ConnectSocketAsync();
        await third.SendAsync("PROXY TCP4 192.0.2.1 198.51.100.2 2 25\r\n");
        await third.ExpectAsync("421 4.7.0");
        await third.ExpectEndAsync();
    }

    private static SmtpListenerOptions Trusting(string network, TlsMode tls = TlsMode.None) => new()
    {
        EndPoint = new IPEndPoint(IPAddress.Loopback, 0),
        ProxiesTrusted = [IPNetwork.Parse(network)],
        Tls = tls,
    };

    private static string Version2(byte versionAndCommand, byte family, string rest) =>
        Signature + (char)versionAndCommand + (char)family + (char)(rest.Length >> 8) + (char)(rest.Length & 0xFF) + rest;

    /// <summary>Gives at most five octets a read, as a network may.</summary>
    private sealed class Dripping(byte[] octets) : MemoryStream(octets)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            base.ReadAsync(buffer[..Math.Min(buffer.Length, 5)], cancellationToken);
    }
}
