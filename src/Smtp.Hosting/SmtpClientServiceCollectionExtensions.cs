using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;
using Smtp.Client;
using Smtp.Hosting;

// Where the other Add... methods are, so that no `using` is needed to find these.
namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Puts pooled SMTP clients among the services.</summary>
public static class SmtpClientServiceCollectionExtensions
{
    /// <summary>Adds the client without a name, as the service <see cref="SmtpClient"/>. It is closed with the services.</summary>
    /// <param name="services">The services.</param>
    /// <param name="configure">Changes the settings.</param>
    public static IServiceCollection AddSmtpClient(this IServiceCollection services, Action<SmtpClientHostingOptions> configure) =>
        services.AddSmtpClient(Options.Options.DefaultName, configure);

    /// <summary>Adds the client without a name, with settings from configuration. A wrong or unknown key fails the start of the host.</summary>
    /// <param name="services">The services.</param>
    /// <param name="section">The section, with the names of <see cref="SmtpClientHostingOptions"/> as keys.</param>
    public static IServiceCollection AddSmtpClient(this IServiceCollection services, IConfigurationSection section) =>
        services.AddSmtpClient(Options.Options.DefaultName, section);

    /// <summary>
    /// Adds one of several clients: from <see cref="ISmtpClientFactory"/>, or as a keyed service with its name as the key. The same name again changes the settings.
    /// </summary>
    /// <param name="services">The services.</param>
    /// <param name="name">The client's name.</param>
    /// <param name="configure">Changes the settings.</param>
    public static IServiceCollection AddSmtpClient(this IServiceCollection services, string name, Action<SmtpClientHostingOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        return AddNamed(services, name).Configure(name, configure);
    }

    /// <inheritdoc cref="AddSmtpClient(IServiceCollection, string, Action{SmtpClientHostingOptions})"/>
    /// <param name="services">The services.</param>
    /// <param name="name">The client's name.</param>
    /// <param name="section">The section, with the names of <see cref="SmtpClientHostingOptions"/> as keys.</param>
    public static IServiceCollection AddSmtpClient(this IServiceCollection services, string name, IConfigurationSection section)
    {
        ArgumentNullException.ThrowIfNull(section);
        return AddNamed(services, name).AddSingleton<IConfigureOptions<SmtpClientHostingOptions>>(new ClientSettings(name, section));
    }

    /// <summary>Adds a health check that connects as a client's settings demand it, or says NOOP over a connection that is there.</summary>
    /// <param name="builder">The health checks.</param>
    /// <param name="clientName">The client's name as in AddSmtpClient; empty, the default, for the one without.</param>
    /// <param name="name">The check's name. Default "smtp-client", with the client's name behind it.</param>
    /// <param name="failureStatus">What to report in place of unhealthy.</param>
    /// <param name="tags">The check's tags.</param>
    /// <param name="timeout">When the check gives up. Default never.</param>
    public static IHealthChecksBuilder AddSmtpClient(
        this IHealthChecksBuilder builder,
        string clientName = "",
        string? name = null,
        HealthStatus? failureStatus = null,
        IEnumerable<string>? tags = null,
        TimeSpan? timeout = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(clientName);
        return builder.Add(new HealthCheckRegistration(
            name ?? (clientName.Length == 0 ? "smtp-client" : $"smtp-client-{clientName}"),
            services => new SmtpClientHealthCheck(services.GetRequiredKeyedService<SmtpClient>(clientName)),
            failureStatus,
            tags,
            timeout));
    }

    private static IServiceCollection AddNamed(IServiceCollection services, string name)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(name);
        if (!services.Any(service => service.IsKeyedService && service.ServiceType == typeof(SmtpClient) && Equals(service.ServiceKey, name)))
        {
            services.TryAddSingleton<ISmtpClientFactory, SmtpClientFactory>();
            services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<SmtpClientHostingOptions>, ClientOptionsValidator>());
            services.AddOptions<SmtpClientHostingOptions>(name).ValidateOnStart();
            services.AddKeyedSingleton(name, (provider, _) => SmtpClientCreation.Create(provider, name));
            if (name.Length == 0)
            {
                services.AddSingleton(provider => provider.GetRequiredKeyedService<SmtpClient>(name));
            }
        }

        return services;
    }
}
