using System.Diagnostics;
using System.Globalization;

namespace Smtp.Interop;

/// <summary>
/// A private Dovecot with a configuration of its own: LMTP on a port of 127.0.0.1, with STARTTLS, and the socket by which Postfix asks for passwords. Has
/// mailboxes for <c>known@example.test</c> and <c>other@example.test</c>; takes <c>broken@example.test</c> too and then cannot store for it. Needs root, as Dovecot does.
/// </summary>
public sealed class DovecotInstance : IAsyncDisposable
{
    private const string Nobody = "65534:65534";

    private readonly ListeningProgram _program;
    private readonly TemporaryFolder _folder;

    private DovecotInstance(ListeningProgram program, TemporaryFolder folder)
    {
        _program = program;
        _folder = folder;
    }

    /// <summary>LMTP's port on 127.0.0.1.</summary>
    public int Port => _program.Port;

    /// <summary>Postfix's <c>smtpd_sasl_path</c> for <c>smtpd_sasl_type = dovecot</c>: PLAIN, LOGIN and SCRAM-SHA-256 for user/secret.</summary>
    public string AuthenticationSocket => _folder["auth"];

    /// <summary>Starts an instance whose self-signed certificate is for mx.example.test.</summary>
    /// <param name="skip">Skips the test with a reason.</param>
    public static async Task<DovecotInstance> StartAsync(Action<string> skip)
    {
        string dovecot = ExternalProgram.Demand("dovecot", "dovecot-lmtpd", skip);
        ExternalProgram.DemandThat(File.Exists("/usr/lib/dovecot/lmtp"), "Dovecot's LMTP server is not installed: apt-get install dovecot-lmtpd", skip);
        ExternalProgram.DemandThat(Environment.UserName == "root", "Dovecot can only be started by root: run the tests as root", skip);
        var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder["run"]);
        Directory.CreateDirectory(folder["mail"]);
        folder.Share("mail");
        using (var certificate = TestCertificate.Create("mx.example.test"))
        {
            TestCertificate.WritePem(certificate, folder["cert.pem"], folder["key.pem"]);
        }

        await File.WriteAllTextAsync(folder["users"], $"""
            user:{"{"}PLAIN{"}"}secret:{Nobody}::{folder["mail/user"]}::
            known@example.test:{"{"}PLAIN{"}"}secret:{Nobody}::{folder["mail/known"]}::
            other@example.test:{"{"}PLAIN{"}"}secret:{Nobody}::{folder["mail/other"]}::
            broken@example.test:{"{"}PLAIN{"}"}secret:{Nobody}::/proc/none::

            """).ConfigureAwait(false);
        ListeningProgram program = await ListeningProgram.StartAsync(port =>
        {
            File.WriteAllText(folder["conf"], Configuration(folder, port));
            return new ProcessStartInfo(dovecot, ["-F", "-c", folder["conf"]]);
        }).ConfigureAwait(false);
        return new DovecotInstance(program, folder);
    }

    /// <summary>Reads the messages of a mailbox. LMTP says 250 when a message is stored, so there is nothing to wait for.</summary>
    /// <param name="recipient">The local part.</param>
    public IReadOnlyList<byte[]> ReadMailbox(string recipient)
    {
        string path = _folder[$"mail/{recipient}/maildir/new"];
        return Directory.Exists(path) ? [.. Directory.GetFiles(path).Order(StringComparer.Ordinal).Select(File.ReadAllBytes)] : [];
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _program.DisposeAsync().ConfigureAwait(false);
        _folder.Dispose();
    }

    private static string Configuration(TemporaryFolder folder, int port) => string.Create(CultureInfo.InvariantCulture, $$"""
        base_dir = {{folder["run"]}}
        state_dir = {{folder["run"]}}
        log_path = {{folder["log"]}}
        protocols = lmtp
        listen = 127.0.0.1
        hostname = mx.example.test
        ssl = yes
        ssl_cert = <{{folder["cert.pem"]}}
        ssl_key = <{{folder["key.pem"]}}
        auth_mechanisms = plain login scram-sha-256
        disable_plaintext_auth = no
        mail_location = maildir:~/maildir
        passdb {
          driver = passwd-file
          args = username_format=%u {{folder["users"]}}
        }
        userdb {
          driver = passwd-file
          args = username_format=%u {{folder["users"]}}
        }
        service lmtp {
          inet_listener lmtp {
            address = 127.0.0.1
            port = {{port}}
          }
        }
        service auth {
          unix_listener {{folder["auth"]}} {
            mode = 0666
          }
        }

        """);
}
