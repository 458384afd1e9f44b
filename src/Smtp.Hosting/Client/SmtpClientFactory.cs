using Microsoft.Extensions.DependencyInjection;
using Smtp.Client;

namespace Smtp.Hosting;

/// <summary>Clients are keyed services.</summary>
internal sealed class SmtpClientFactory(IServiceProvider services) : ISmtpClientFactory
{
    /// <inheritdoc/>
    public SmtpClient GetClient(string name = "")
    {
        ArgumentNullException.ThrowIfNull(name);
        return services.GetKeyedService<SmtpClient>(name)
            ?? throw new ArgumentException(name.Length == 0 ? "There is no SMTP client without a name: call AddSmtpClient." : $"There is no SMTP client \"{name}\": call AddSmtpClient with this name.", nameof(name));
    }
}
