using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Smtp.Core;
using Smtp.Server;

namespace Smtp.Hosting;

/// <summary>Says what a server in a host works with. A sink is needed; of the rest, what was said last counts.</summary>
/// <remarks>
/// A type is taken from the services if it is registered there, else made with them. A singleton, the default, serves all sessions at once. With
/// <see cref="ServiceLifetime.Scoped"/> each message (each check, each AUTH) has a service scope and an instance of its own, as a DbContext wants it.
/// </remarks>
public sealed class SmtpServerBuilder
{
    private const DynamicallyAccessedMemberTypes Constructors = DynamicallyAccessedMemberTypes.PublicConstructors;

    internal SmtpServerBuilder(IServiceCollection services, string name)
    {
        Services = services;
        Name = name;
    }

    /// <summary>The server's name; empty for the one without.</summary>
    public string Name { get; }

    /// <summary>The services that the server is among.</summary>
    public IServiceCollection Services { get; }

    /// <summary>Changes the settings, behind what was configured before.</summary>
    public SmtpServerBuilder Configure(Action<SmtpServerHostingOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        Services.Configure(Name, configure);
        return this;
    }

    /// <summary>Reads the settings from a section of configuration. A wrong or unknown key fails the start of the host.</summary>
    /// <param name="section">The section, with the names of <see cref="SmtpServerHostingOptions"/> as keys; a listener's EndPoint is a text such as 0.0.0.0:2525.</param>
    public SmtpServerBuilder Configure(IConfigurationSection section)
    {
        ArgumentNullException.ThrowIfNull(section);
        Services.AddSingleton<IConfigureOptions<SmtpServerHostingOptions>>(new ServerSettings(Name, section));
        return this;
    }

    /// <summary>Where messages go.</summary>
    /// <param name="lifetime"><see cref="ServiceLifetime.Singleton"/> or <see cref="ServiceLifetime.Scoped"/>: an instance and a service scope for each message.</param>
    public SmtpServerBuilder UseSink<[DynamicallyAccessedMembers(Constructors)] T>(ServiceLifetime lifetime = ServiceLifetime.Singleton)
        where T : class, IMessageSink => IsScoped(lifetime)
            ? UseSink(services => new ScopedMessageSink(services.GetRequiredService<IServiceScopeFactory>(), Get<T>))
            : UseSink(Get<T>);

    /// <inheritdoc cref="UseSink{T}"/>
    /// <param name="create">Gives the sink, once.</param>
    public SmtpServerBuilder UseSink(Func<IServiceProvider, IMessageSink> create) => Use(create);

    /// <inheritdoc cref="UseSink{T}"/>
    /// <param name="sink">The sink; not disposed by the host.</param>
    public SmtpServerBuilder UseSink(IMessageSink sink) => Use(sink);

    /// <inheritdoc cref="UseSink{T}"/>
    /// <param name="onMessage">Gets each message whole: see <see cref="BufferedMessageSink"/>.</param>
    public SmtpServerBuilder UseSink(Func<SmtpSessionContext, Envelope, ReadOnlyMemory<byte>, CancellationToken, ValueTask<SmtpReply>> onMessage)
    {
        ArgumentNullException.ThrowIfNull(onMessage);
        return UseSink(new BufferedMessageSink(onMessage));
    }

    /// <summary>Who checks passwords.</summary>
    /// <param name="lifetime"><see cref="ServiceLifetime.Singleton"/> or <see cref="ServiceLifetime.Scoped"/>: an instance and a service scope for each AUTH.</param>
    public SmtpServerBuilder UseAuthenticator<[DynamicallyAccessedMembers(Constructors)] T>(ServiceLifetime lifetime = ServiceLifetime.Singleton)
        where T : class, ISmtpAuthenticator => IsScoped(lifetime)
            ? UseAuthenticator(services => ScopedAuthenticator.Create(services.GetRequiredService<IServiceScopeFactory>(), Get<T>))
            : UseAuthenticator(Get<T>);

    /// <inheritdoc cref="UseAuthenticator{T}"/>
    /// <param name="create">Gives the authenticator, once.</param>
    public SmtpServerBuilder UseAuthenticator(Func<IServiceProvider, ISmtpAuthenticator> create) => Use(create);

    /// <inheritdoc cref="UseAuthenticator{T}"/>
    /// <param name="authenticator">The authenticator; not disposed by the host.</param>
    public SmtpServerBuilder UseAuthenticator(ISmtpAuthenticator authenticator) => Use(authenticator);

    /// <summary>Who decides over clients, senders and recipients.</summary>
    /// <param name="lifetime"><see cref="ServiceLifetime.Singleton"/> or <see cref="ServiceLifetime.Scoped"/>: an instance and a service scope for each check.</param>
    public SmtpServerBuilder UsePolicy<[DynamicallyAccessedMembers(Constructors)] T>(ServiceLifetime lifetime = ServiceLifetime.Singleton)
        where T : class, IEnvelopePolicy => IsScoped(lifetime)
            ? UsePolicy(services => new ScopedPolicy(services.GetRequiredService<IServiceScopeFactory>(), Get<T>))
            : UsePolicy(Get<T>);

    /// <inheritdoc cref="UsePolicy{T}"/>
    /// <param name="create">Gives the policy, once.</param>
    public SmtpServerBuilder UsePolicy(Func<IServiceProvider, IEnvelopePolicy> create) => Use(create);

    /// <inheritdoc cref="UsePolicy{T}"/>
    /// <param name="policy">The policy; not disposed by the host.</param>
    public SmtpServerBuilder UsePolicy(IEnvelopePolicy policy) => Use(policy);

    /// <summary>Who watches the sessions.</summary>
    public SmtpServerBuilder UseSessionEvents<[DynamicallyAccessedMembers(Constructors)] T>()
        where T : class, ISmtpSessionEvents => Use<ISmtpSessionEvents>(Get<T>);

    /// <inheritdoc cref="UseSessionEvents{T}"/>
    /// <param name="events">The watcher; not disposed by the host.</param>
    public SmtpServerBuilder UseSessionEvents(ISmtpSessionEvents events) => Use(events);

    /// <summary>Where certificates come from, in place of <see cref="SmtpServerHostingOptions.CertificatePath"/>.</summary>
    /// <param name="create">Gives the source, once.</param>
    public SmtpServerBuilder UseCertificates(Func<IServiceProvider, ITlsCertificateSource> create) => Use(create);

    /// <inheritdoc cref="UseCertificates(Func{IServiceProvider, ITlsCertificateSource})"/>
    /// <param name="certificates">The source; not disposed by the host.</param>
    public SmtpServerBuilder UseCertificates(ITlsCertificateSource certificates) => Use(certificates);

    private static T Get<[DynamicallyAccessedMembers(Constructors)] T>(IServiceProvider services)
        where T : class => services.GetService<T>() ?? ActivatorUtilities.CreateInstance<T>(services);

    private static bool IsScoped(ServiceLifetime lifetime) => lifetime switch
    {
        ServiceLifetime.Singleton => false,
        ServiceLifetime.Scoped => true,
        _ => throw new ArgumentOutOfRangeException(nameof(lifetime), lifetime, "The lifetime must be Singleton or Scoped."),
    };

    private SmtpServerBuilder Use<T>(Func<IServiceProvider, T> create)
        where T : class
    {
        ArgumentNullException.ThrowIfNull(create);
        Services.AddKeyedSingleton(Name, (services, _) => create(services));
        return this;
    }

    private SmtpServerBuilder Use<T>(T instance)
        where T : class
    {
        ArgumentNullException.ThrowIfNull(instance);
        Services.AddKeyedSingleton(Name, instance);
        return this;
    }
}
