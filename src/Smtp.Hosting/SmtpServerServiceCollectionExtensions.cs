using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Smtp.Hosting;
using Smtp.Server;

// Where the other Add... methods are, so that no `using` is needed to find these.
namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Puts an <see cref="SmtpServer"/> into a host.</summary>
public static class SmtpServerServiceCollectionExtensions
{
    /// <summary>Adds a server that starts and stops with the host. It is a service itself, as <see cref="SmtpServer"/>.</summary>
    /// <param name="services">The host's services.</param>
    /// <param name="configure">Changes the settings.</param>
    /// <returns>Says what the server works with; a sink is needed.</returns>
    public static SmtpServerBuilder AddSmtpServer(this IServiceCollection services, Action<SmtpServerHostingOptions>? configure = null) =>
        services.AddSmtpServer(Options.Options.DefaultName, configure);

    /// <summary>Adds a server with settings from configuration.</summary>
    /// <param name="services">The host's services.</param>
    /// <param name="section">See <see cref="SmtpServerBuilder.Configure(IConfigurationSection)"/>.</param>
    public static SmtpServerBuilder AddSmtpServer(this IServiceCollection services, IConfigurationSection section) =>
        services.AddSmtpServer(Options.Options.DefaultName).Configure(section);

    /// <summary>Adds one of several servers. It is a keyed service, with its name as the key. The same name again means the same server.</summary>
    /// <param name="services">The host's services.</param>
    /// <param name="name">The server's name.</param>
    /// <param name="configure">Changes the settings.</param>
    public static SmtpServerBuilder AddSmtpServer(this IServiceCollection services, string name, Action<SmtpServerHostingOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(name);
        var builder = new SmtpServerBuilder(services, name);
        if (!services.Any(service => service.IsKeyedService && service.ServiceType == typeof(SmtpServer) && Equals(service.ServiceKey, name)))
        {
            services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<SmtpServerHostingOptions>, ServerOptionsValidator>());
            services.AddOptions<SmtpServerHostingOptions>(name).ValidateOnStart();
            services.AddKeyedSingleton(name, (provider, _) => SmtpServerFactory.Create(provider, name));
            services.AddKeyedSingleton(name, (provider, _) => new SmtpServerHostedService(provider, name));
            services.AddSingleton<IHostedService>(provider => provider.GetRequiredKeyedService<SmtpServerHostedService>(name));
            if (name.Length == 0)
            {
                services.AddSingleton(provider => provider.GetRequiredKeyedService<SmtpServer>(name));
            }
        }

        return configure is null ? builder : builder.Configure(configure);
    }

    /// <inheritdoc cref="AddSmtpServer(IServiceCollection, string, Action{SmtpServerHostingOptions}?)"/>
    /// <param name="services">The host's services.</param>
    /// <param name="name">The server's name.</param>
    /// <param name="section">See <see cref="SmtpServerBuilder.Configure(IConfigurationSection)"/>.</param>
    public static SmtpServerBuilder AddSmtpServer(this IServiceCollection services, string name, IConfigurationSection section) =>
        services.AddSmtpServer(name).Configure(section);
}
