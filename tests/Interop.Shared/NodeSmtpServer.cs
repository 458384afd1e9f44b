namespace Smtp.Interop;

/// <summary>nodemailer's smtp-server as a server that stores what it gets. Knows user/secret and the token "good".</summary>
public sealed class NodeSmtpServer : StoringServer
{
    private NodeSmtpServer(Running running)
        : base(running)
    {
    }

    /// <summary>Starts a server.</summary>
    /// <param name="scripts">The folder of receive.js, into which smtp-server is installed.</param>
    /// <param name="withTls">Whether it offers STARTTLS, with a self-signed certificate for node.test; it then wants TLS for AUTH.</param>
    /// <param name="skip">Skips the test with a reason.</param>
    public static async Task<NodeSmtpServer> StartAsync(string scripts, bool withTls, Action<string> skip)
    {
        string node = ExternalProgram.Demand("node", "nodejs", skip);
        ExternalProgram.DemandThat(
            Directory.Exists(Path.Combine(scripts, "node_modules", "smtp-server")), $"smtp-server is not installed: npm ci in {scripts}", skip);
        return new NodeSmtpServer(
            await StartAsync(node, Path.Combine(scripts, "receive.js"), new TemporaryFolder(), withTls ? "node.test" : null).ConfigureAwait(false));
    }
}
