using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;

namespace Smtp.Interop;

/// <summary>
/// A private Exim or OpenSMTPD with a configuration of its own on a port of 127.0.0.1, delivering to one mailbox. Takes mail for
/// <c>known@example.test</c> and refuses all else. Needs root, as they do.
/// </summary>
public sealed class MailboxServer : IAsyncDisposable
{
    private readonly Process _process;
    private readonly TemporaryFolder _folder;
    private readonly FileStream? _turn;

    private MailboxServer(Process process, TemporaryFolder folder, int port, FileStream? turn)
    {
        _process = process;
        _folder = folder;
        _turn = turn;
        Port = port;
    }

    /// <summary>The port.</summary>
    public int Port { get; }

    /// <summary>Starts Exim, with STARTTLS, AUTH PLAIN for user/secret under TLS, PIPELINING and CHUNKING.</summary>
    /// <param name="skip">Skips the test with a reason.</param>
    public static Task<MailboxServer> StartEximAsync(Action<string> skip)
    {
        const string Package =
            "exim4-daemon-light is beside Postfix only if unpacked: dpkg-deb -x exim4-daemon-light_*.deb /opt/exim4; useradd --system Debian-exim";
        string exim = ExternalProgram.Demand("exim4", Package, skip);
        DemandRoot("Exim", skip);
        return StartAsync(
            "Debian-exim",
            (folder, port) => File.WriteAllText(folder["conf"], EximConfiguration(exim, folder)),
            (folder, port) => new ProcessStartInfo(exim, ["-C", folder["conf"], "-bd", "-bdf", "-oX", string.Create(CultureInfo.InvariantCulture, $"127.0.0.1.{port}")]));
    }

    /// <summary>
    /// Starts OpenSMTPD, which has neither PIPELINING nor CHUNKING. One at a time on this machine, as its control socket and its queue have fixed paths: waits for
    /// the others to end. Without TLS, and so without AUTH: the one that Debian 12 has keeps its keys in another process by means that OpenSSL 3 no longer has, and
    /// every handshake ends in "missing private key".
    /// </summary>
    /// <param name="skip">Skips the test with a reason.</param>
    public static async Task<MailboxServer> StartOpenSmtpdAsync(Action<string> skip)
    {
        const string Package = "opensmtpd is beside Postfix only if unpacked into /opt/opensmtpd: see install_opensmtpd in .ci/run";
        string smtpd = ExternalProgram.Demand("smtpd", Package, skip);
        ExternalProgram.DemandThat(Directory.Exists("/usr/libexec/opensmtpd"), Package, skip);
        DemandRoot("OpenSMTPD", skip);
        FileStream turn = await TakeTurnAsync("smtp-interop-opensmtpd.lock").ConfigureAwait(false);
        try
        {
            await UntilControlSocketIsFreeAsync().ConfigureAwait(false);
            return await StartAsync(
                "nobody",
                (folder, port) => File.WriteAllText(folder["conf"], OpenSmtpdConfiguration(folder, port)),
                (folder, port) => new ProcessStartInfo(smtpd, ["-d", "-f", folder["conf"]]),
                turn).ConfigureAwait(false);
        }
        catch
        {
            await turn.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Waits until the mailbox has a number of messages, and reads them.</summary>
    public async Task<IReadOnlyList<byte[]>> ReadMailboxAsync(int count, CancellationToken cancellationToken)
    {
        string path = _folder["mail/new"];
        while (!Directory.Exists(path) || Directory.GetFiles(path).Length < count)
        {
            // Neither tells anybody when it has delivered.
            await Task.Delay(20, cancellationToken).ConfigureAwait(false);
        }

        return [.. Directory.GetFiles(path).Order(StringComparer.Ordinal).Select(File.ReadAllBytes)];
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync().ConfigureAwait(false);
        _process.Dispose();
        _folder.Dispose();
        if (_turn is not null)
        {
            await _turn.DisposeAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Waits until no other process holds a lock; it is held until the stream is disposed or this process ends.</summary>
    private static async Task<FileStream> TakeTurnAsync(string name)
    {
        string path = Path.Combine(Path.GetTempPath(), name);
        while (true)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException)
            {
                await Task.Delay(50).ConfigureAwait(false);
            }
        }
    }

    /// <summary>
    /// Waits until the OpenSMTPD before has wholly gone: the lock is given back when its first process has ended, and another of them holds the control socket.
    /// One that stays is no test's; the start then says that the socket is taken.
    /// </summary>
    private static async Task UntilControlSocketIsFreeAsync()
    {
        long started = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(60))
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                await socket.ConnectAsync(new UnixDomainSocketEndPoint("/var/run/smtpd.sock")).ConfigureAwait(false);
            }
            catch (SocketException)
            {
                return;
            }

            await Task.Delay(20).ConfigureAwait(false);
        }
    }

    private static void DemandRoot(string name, Action<string> skip) => ExternalProgram.DemandThat(
        Environment.UserName == "root", $"{name} can only be started by root: run the tests as root", skip);

    private static async Task<MailboxServer> StartAsync(
        string user, Action<TemporaryFolder, int> configure, Func<TemporaryFolder, int, ProcessStartInfo> start, FileStream? turn = null)
    {
        var folder = new TemporaryFolder();
        folder.Share();
        foreach (string name in (string[])["mail", "spool"])
        {
            Directory.CreateDirectory(folder[name]);
            folder.Share(name);
        }

        using (var certificate = TestCertificate.Create("mx.example.test"))
        {
            TestCertificate.WritePem(certificate, folder["cert.pem"], folder["key.pem"]);
        }

        using (Process own = Process.Start(new ProcessStartInfo("chown", [user, folder["cert.pem"], folder["key.pem"], folder["mail"], folder["spool"]]))!)
        {
            await own.WaitForExitAsync().ConfigureAwait(false);
        }

        File.SetUnixFileMode(folder["mail"], (UnixFileMode)0b111_000_000);
        int port = ProgramPort.Find();
        configure(folder, port);
        ProcessStartInfo info = start(folder, port);
        info.RedirectStandardError = true;
        Process process = Process.Start(info)!;
        var errors = new System.Text.StringBuilder();
        process.ErrorDataReceived += (_, line) => errors.AppendLine(line.Data);
        process.BeginErrorReadLine();
        while (!await ProgramPort.IsListeningAsync(port).ConfigureAwait(false))
        {
            if (process.HasExited)
            {
                throw new InvalidOperationException($"{info.FileName} did not start: {errors}");
            }

            await Task.Delay(20).ConfigureAwait(false);
        }

        return new MailboxServer(process, folder, port, turn);
    }

    private static string EximConfiguration(string exim, TemporaryFolder folder) => $$$"""
        primary_hostname = mx.example.test
        exim_path = {{{exim}}}
        spool_directory = {{{folder["spool"]}}}
        log_file_path = {{{folder["spool"]}}}/%slog
        exim_user = Debian-exim
        deliver_drop_privilege = true
        acl_smtp_rcpt = rcpt
        acl_smtp_data = data
        tls_advertise_hosts = *
        tls_certificate = {{{folder["cert.pem"]}}}
        tls_privatekey = {{{folder["key.pem"]}}}
        chunking_advertise_hosts = *
        pipelining_advertise_hosts = *
        accept_8bitmime = true
        dsn_advertise_hosts = *
        message_size_limit = 150M
        smtp_accept_queue_per_connection = 0
        host_lookup =
        keep_environment =
        begin acl
        rcpt:
          accept local_parts = known
                 domains = example.test
          deny message = no such user
        data:
          accept
        begin routers
        boxes:
          driver = accept
          domains = example.test
          transport = store
        begin transports
        store:
          driver = appendfile
          directory = {{{folder["mail"]}}}
          maildir_format
          user = Debian-exim
          group = Debian-exim
        begin authenticators
        plain:
          driver = plaintext
          public_name = PLAIN
          server_condition = ${if eq{$auth2:$auth3}{user:secret}}
          server_set_id = $auth2
          server_advertise_condition = ${if def:tls_in_cipher}

        """;

    private static string OpenSmtpdConfiguration(TemporaryFolder folder, int port) => string.Create(CultureInfo.InvariantCulture, $$"""
        smtp max-message-size "150M"
        table boxes { "known" = "nobody" }
        listen on 127.0.0.1 port {{port}} hostname mx.example.test
        action "store" maildir "{{folder["mail"]}}" virtual <boxes>
        match from any for domain "example.test" action "store"

        """);
}
