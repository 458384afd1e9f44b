using System.Diagnostics;
using System.Globalization;

namespace Smtp.Interop;

/// <summary>
/// A private Postfix with a configuration, queue and mailbox of its own, listening on a port of 127.0.0.1. Takes mail for
/// <c>known@example.test</c> and <c>other@example.test</c>, and refuses everybody else; or, as a relay, takes all and sends it on. Needs root, as Postfix does.
/// </summary>
public sealed class PostfixInstance : IAsyncDisposable
{
    private readonly string _postfix;
    private readonly TemporaryFolder _folder;

    private PostfixInstance(string postfix, TemporaryFolder folder, int port)
    {
        _postfix = postfix;
        _folder = folder;
        Port = port;
    }

    /// <summary>The port on 127.0.0.1.</summary>
    public int Port { get; }

    /// <summary>The PEM file of its certificate, which is for mx.example.test.</summary>
    public string CertificatePath => _folder["cert.pem"];

    /// <summary>Its log so far.</summary>
    public string Log => File.Exists(_folder["log"]) ? File.ReadAllText(_folder["log"]) : string.Empty;

    /// <summary>Starts an instance that offers STARTTLS with a self-signed certificate for mx.example.test.</summary>
    /// <param name="skip">Skips the test with a reason.</param>
    /// <param name="relayTo">
    /// Where to send all mail for other domains than example.test on, as a transport such as "smtp:[127.0.0.1]:2525" or "lmtp:unix:/run/lmtp"; null for a Postfix that
    /// relays for nobody.
    /// </param>
    /// <param name="settings">More lines of main.cf.</param>
    public static async Task<PostfixInstance> StartAsync(Action<string> skip, string? relayTo = null, params string[] settings)
    {
        string postfix = ExternalProgram.Demand("postfix", "postfix", skip);
        ExternalProgram.DemandThat(Environment.UserName == "root", "Postfix can only be started by root: run the tests as root", skip);
        var folder = new TemporaryFolder();
        int port = ProgramPort.Find();
        Directory.CreateDirectory(folder["config"]);
        foreach (string name in (string[])["queue", "data", "mail"])
        {
            Directory.CreateDirectory(folder[name]);
        }

        // The daemons run as postfix and the delivery as nobody: both must get in.
        folder.Share();
        await RunAsync("chown", "postfix", folder["data"]).ConfigureAwait(false);
        await RunAsync("chown", "65534:65534", folder["mail"]).ConfigureAwait(false);
        using (var certificate = TestCertificate.Create("mx.example.test"))
        {
            TestCertificate.WritePem(certificate, folder["cert.pem"], folder["key.pem"]);
        }

        string[] more = relayTo is null ? settings : [$"default_transport = {relayTo}", .. settings];
        await File.WriteAllTextAsync(folder["config/main.cf"], MainCf(folder, relayTo is null ? string.Empty : "127.0.0.0/8") + string.Concat(more.Select(line => line + "\n"))).ConfigureAwait(false);
        await File.WriteAllTextAsync(folder["config/master.cf"], MasterCf(port)).ConfigureAwait(false);
        var instance = new PostfixInstance(postfix, folder, port);
        try
        {
            // "start" comes back when the master listens.
            await RunAsync(postfix, "-c", folder["config"], "start").ConfigureAwait(false);
            return instance;
        }
        catch (InvalidOperationException error)
        {
            string log = instance.Log;
            folder.Dispose();
            throw new InvalidOperationException(error.Message + "\n" + log, error);
        }
    }

    /// <summary>Waits until a recipient's mailbox has a number of messages, and reads them.</summary>
    /// <param name="recipient">The local part.</param>
    /// <param name="count">How many.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    public async Task<IReadOnlyList<byte[]>> ReadMailboxAsync(string recipient, int count, CancellationToken cancellationToken)
    {
        string path = _folder[$"mail/{recipient}/new"];
        while (!Directory.Exists(path) || Directory.GetFiles(path).Length < count)
        {
            // Postfix tells nobody when it has delivered.
            await Task.Delay(20, cancellationToken).ConfigureAwait(false);
        }

        return [.. Directory.GetFiles(path).Order(StringComparer.Ordinal).Select(File.ReadAllBytes)];
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await RunAsync(_postfix, "-c", _folder["config"], "stop").ConfigureAwait(false);
        _folder.Dispose();
    }

    private static string MainCf(TemporaryFolder folder, string networks) => $"""
        compatibility_level = 3.6
        queue_directory = {folder["queue"]}
        data_directory = {folder["data"]}
        command_directory = /usr/sbin
        daemon_directory = /usr/lib/postfix/sbin
        mail_owner = postfix
        setgid_group = postdrop
        inet_interfaces = 127.0.0.1
        inet_protocols = ipv4
        myhostname = mx.example.test
        mydestination =
        mynetworks = {networks}
        alias_maps =
        alias_database =
        local_recipient_maps =
        maillog_file = {folder["log"]}
        maillog_file_prefixes = {folder.Path}
        smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
        smtpd_tls_security_level = may
        smtpd_tls_cert_file = {folder["cert.pem"]}
        smtpd_tls_key_file = {folder["key.pem"]}
        local_header_rewrite_clients =
        smtputf8_enable = yes
        message_size_limit = 150000000
        mailbox_size_limit = 0
        virtual_mailbox_limit = 0
        virtual_mailbox_domains = example.test
        virtual_mailbox_base = {folder["mail"]}
        virtual_mailbox_maps = inline:{"{"} known@example.test=known/, other@example.test=other/ {"}"}
        virtual_minimum_uid = 100
        virtual_uid_maps = static:65534
        virtual_gid_maps = static:65534

        """;

    private static string MasterCf(int port) => string.Create(CultureInfo.InvariantCulture, $"""
        127.0.0.1:{port} inet n - n - - smtpd
        cleanup unix n - n - 0 cleanup
        qmgr unix n - n 300 1 qmgr
        rewrite unix - - n - - trivial-rewrite
        bounce unix - - n - 0 bounce
        defer unix - - n - 0 bounce
        trace unix - - n - 0 bounce
        verify unix - - n - 1 verify
        flush unix n - n 1000? 0 flush
        proxymap unix - - n - - proxymap
        tlsmgr unix - - n 1000? 1 tlsmgr
        virtual unix - n n - - virtual
        smtp unix - - n - - smtp
        lmtp unix - - n - - lmtp
        error unix - - n - - error
        retry unix - - n - - error
        discard unix - - n - - discard
        anvil unix - - n - 1 anvil
        scache unix - - n - 1 scache
        pickup unix n - n 60 1 pickup
        showq unix n - n - - showq
        postlog unix-dgram n - n - 1 postlogd

        """);

    private static async Task RunAsync(string program, params string[] arguments)
    {
        // Its output goes to our own: the daemons inherit it and keep it open, so that a pipe would never end.
        using Process process = Process.Start(new ProcessStartInfo(program, arguments))!;
        await process.WaitForExitAsync().ConfigureAwait(false);
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}.");
        }
    }
}
