using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Smtp.Client;

namespace Smtp.Hosting;

/// <summary>Fails the start of a host over what is wrong with a client's settings, all of it at once.</summary>
internal sealed class ClientOptionsValidator : IValidateOptions<SmtpClientHostingOptions>
{
    /// <inheritdoc/>
    public ValidateOptionsResult Validate(string? name, SmtpClientHostingOptions options)
    {
        List<string> errors = [.. options.ConfigurationErrors];
        string client = string.IsNullOrEmpty(name) ? "The SMTP client" : $"The SMTP client \"{name}\"";
        if (options.Credentials is null && string.IsNullOrEmpty(options.UserName) != string.IsNullOrEmpty(options.Password))
        {
            errors.Add($"{client}: UserName and Password must be set both, or neither.");
        }

        try
        {
            SmtpClientOptions made = SmtpClientCreation.ToOptions(options, NullLoggerFactory.Instance, TimeProvider.System);
            errors.AddRange(made.Validate().Select(error => $"{client}: {error}"));
        }
        catch (ArgumentException error)
        {
            errors.Add($"{client}: {error.Message}");
        }

        return errors.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(errors);
    }
}
