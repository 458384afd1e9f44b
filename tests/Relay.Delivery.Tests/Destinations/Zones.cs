using Smtp.Interop;

namespace Relay.Delivery.Tests;

/// <summary>One name server for all tests of the resolver.</summary>
public sealed class Zones : IAsyncLifetime
{
    private NameServer? _server;

    internal NameServer Server
    {
        get
        {
            ExternalProgram.Demand("nsd", "nsd", Assert.Skip);
            return _server!;
        }
    }

    public async ValueTask InitializeAsync()
    {
        try
        {
            _server = await NameServer.StartAsync(Records(), reason => throw new InvalidOperationException(reason));
        }
        catch (InvalidOperationException) when (!ExternalProgram.IsCi)
        {
            // Each test skips for itself.
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }
    }

    private static Dictionary<string, string?> Records() => new()
    {
        ["example.test"] = """
            @ MX 10 mx1
            @ MX 20 mx2
            @ MX 10 mx3
            mx1 A 192.0.2.1
            mx1 AAAA 2001:db8::1
            mx1 A 192.0.2.11
            mx2 A 192.0.2.2
            mx3 A 192.0.2.3
            plain A 192.0.2.4
            plain AAAA 2001:db8::4
            same MX 5 MX3
            same MX 5 mx1
            same MX 7 mx2
            null MX 0 .
            nullandmore MX 0 .
            nullandmore MX 10 mx1
            empty TXT "nothing for mail"
            alias CNAME example.test.
            faralias CNAME other.test.
            circle1 CNAME circle2
            circle2 CNAME circle1
            mxalias MX 10 mxcname
            mxcname CNAME mx2
            deadmx MX 10 nowhere
            halfdead MX 10 nowhere
            halfdead MX 20 mx2
            brokenmx MX 10 mx.broken.test.
            halfbroken MX 10 mx.broken.test.
            halfbroken MX 20 mx2
            loop MX 10 relay.example.test.
            loop MX 20 mx2
            backup MX 10 mx1
            backup MX 20 relay.example.test.
            backup MX 20 mx2
            backup MX 30 mx3
            relay A 192.0.2.99
            selfa A 192.0.2.99
            """,
        ["other.test"] = "@ MX 1 mx.example.test.\n@ MX 2 mx1.example.test.",
        ["broken.test"] = null,
        ["many.test"] = string.Join('\n', Enumerable.Range(0, 1000).Select(i => $"@ MX {i} mx{i}\nmx{i} A 192.0.2.{i % 250}")),
    };
}
