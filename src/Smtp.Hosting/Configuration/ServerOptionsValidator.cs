using Microsoft.Extensions.Options;

namespace Smtp.Hosting;

/// <summary>Fails the start of a host over what is wrong with a server's settings, all of it at once.</summary>
internal sealed class ServerOptionsValidator : IValidateOptions<SmtpServerHostingOptions>
{
    /// <inheritdoc/>
    public ValidateOptionsResult Validate(string? name, SmtpServerHostingOptions options)
    {
        List<string> errors = [.. options.ConfigurationErrors];
        string server = string.IsNullOrEmpty(name) ? "The SMTP server" : $"The SMTP server \"{name}\"";
        if (options.CertificatePath is { } path && !File.Exists(path))
        {
            errors.Add($"{server}: CertificatePath = \"{path}\": there is no such file.");
        }

        if (options.CertificateKeyPath is { } keyPath && !File.Exists(keyPath))
        {
            errors.Add($"{server}: CertificateKeyPath = \"{keyPath}\": there is no such file.");
        }

        if (options.CertificatePath is null && options.CertificateKeyPath is not null)
        {
            errors.Add($"{server}: CertificateKeyPath is set, so that CertificatePath must be set.");
        }

        if (options.Users.Count > 0 && options.UserHashes.Count > 0)
        {
            errors.Add($"{server}: Users must all have a Password, or all a PasswordHash.");
        }

        return errors.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(errors);
    }
}
