namespace Smtp.Interop;

/// <summary>Python's aiosmtpd as a server that stores what it gets.</summary>
public sealed class Aiosmtpd : StoringServer
{
    private Aiosmtpd(Running running)
        : base(running)
    {
    }

    /// <summary>Starts a server.</summary>
    /// <param name="withTls">Whether it offers STARTTLS, with a self-signed certificate for aiosmtpd.test; it then wants TLS for AUTH.</param>
    /// <param name="skip">Skips the test with a reason.</param>
    public static async Task<Aiosmtpd> StartAsync(bool withTls, Action<string> skip)
    {
        string python = ExternalProgram.Demand("python3", "python3", skip);

        // The distribution's Python has the distribution's packages; another one first in the path has not.
        python = File.Exists("/usr/bin/python3") ? "/usr/bin/python3" : python;
        ExternalProgram.Demand("aiosmtpd", "python3-aiosmtpd", skip);
        var folder = new TemporaryFolder();
        using Stream resource = typeof(Aiosmtpd).Assembly.GetManifestResourceStream("aiosmtpd_store.py")!;
        using (FileStream script = File.Create(folder["store.py"]))
        {
            await resource.CopyToAsync(script).ConfigureAwait(false);
        }

        return new Aiosmtpd(await StartAsync(python, folder["store.py"], folder, withTls ? "aiosmtpd.test" : null).ConfigureAwait(false));
    }
}
