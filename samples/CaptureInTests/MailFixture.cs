using CaptureInTests;
using Smtp.Client;
using Smtp.Testing;

[assembly: AssemblyFixture(typeof(MailFixture))]

namespace CaptureInTests;

/// <summary>One server for all tests of the assembly. Tests tell their messages apart by the recipient.</summary>
public sealed class MailFixture : IAsyncLifetime
{
    /// <summary>The server.</summary>
    public SmtpTestServer Server { get; } = SmtpTestServer.Start();

    /// <summary>A client of it, as the application makes one.</summary>
    public SmtpClient Client { get; private set; } = null!;

    public ValueTask InitializeAsync()
    {
        Client = new SmtpClient(new SmtpClientOptions { Host = Server.Host, Port = Server.Port, Tls = SmtpTlsMode.None });
        return default;
    }

    public async ValueTask DisposeAsync()
    {
        await Client.DisposeAsync();
        await Server.DisposeAsync();
    }
}
