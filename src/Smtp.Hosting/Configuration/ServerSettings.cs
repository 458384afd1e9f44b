using System.Net;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;
using Smtp.Core;
using Smtp.Server;

namespace Smtp.Hosting;

/// <summary>Reads a server's settings from a section of configuration.</summary>
internal sealed class ServerSettings(string name, IConfigurationSection section) : IConfigureNamedOptions<SmtpServerHostingOptions>
{
    /// <inheritdoc/>
    public void Configure(SmtpServerHostingOptions options) => Configure(Options.DefaultName, options);

    /// <inheritdoc/>
    public void Configure(string? name, SmtpServerHostingOptions options)
    {
        if (name == Name)
        {
            Read(new SettingsReader(section, options.ConfigurationErrors), options);
        }
    }

    private string Name { get; } = name;

    private static void Read(SettingsReader reader, SmtpServerHostingOptions options)
    {
        options.HostName = reader.Parsed("HostName", CheckedHostName, "a domain or an address literal such as [192.0.2.1]") ?? options.HostName;
        options.GreetingText = reader.Text("GreetingText") ?? options.GreetingText;
        foreach (SettingsReader listener in reader.Sections("Listeners"))
        {
            if (Listener(listener) is { } read)
            {
                options.Listeners.Add(read);
            }
        }

        options.CertificatePath = reader.Text("CertificatePath") ?? options.CertificatePath;
        options.CertificateKeyPath = reader.Text("CertificateKeyPath") ?? options.CertificateKeyPath;
        foreach (SettingsReader user in reader.Sections("Users"))
        {
            ReadUser(user, options);
        }

        if (reader.Texts("AuthenticationMechanisms") is { } mechanisms)
        {
            options.AuthenticationMechanisms = [.. mechanisms.Select(m => m.Text)];
        }

        options.Extensions = reader.Choice("Extensions", options.Extensions);
        options.Leniency = reader.Choice("Leniency", options.Leniency);
        options.BareLineEndings = reader.Choice("BareLineEndings", options.BareLineEndings);
        options.NulOctets = reader.Choice("NulOctets", options.NulOctets);
        options.LongLines = reader.Choice("LongLines", options.LongLines);
        if (reader.Section("Limits") is { } limits)
        {
            options.Limits = Limits(limits, options.Limits);
        }

        if (reader.Section("AuthenticationLimits") is { } authentication)
        {
            options.AuthenticationLimits = AuthenticationLimits(authentication, options.AuthenticationLimits);
        }

        if (reader.Section("Timeouts") is { } timeouts)
        {
            options.Timeouts = Timeouts(timeouts, options.Timeouts);
        }

        options.MaximumConnections = reader.Value(
            "MaximumConnections", options.MaximumConnections, v => new SmtpServerOptions { MessageSink = null!, MaximumConnections = v });
        options.MaximumConnectionsPerAddress = reader.Value(
            "MaximumConnectionsPerAddress",
            options.MaximumConnectionsPerAddress,
            v => new SmtpServerOptions { MessageSink = null!, MaximumConnectionsPerAddress = v });
        options.ErrorsBeforeDelay = reader.Value(
            "ErrorsBeforeDelay", options.ErrorsBeforeDelay, v => new SmtpServerOptions { MessageSink = null!, ErrorsBeforeDelay = v });
        options.MaximumDelayedConnections = reader.Value(
            "MaximumDelayedConnections",
            options.MaximumDelayedConnections,
            v => new SmtpServerOptions { MessageSink = null!, MaximumDelayedConnections = v });
        reader.DemandKnownKeys();
    }

    private static string CheckedHostName(string text)
    {
        // The profile is what the server makes of it, and refuses what is no name.
        _ = new ServerProfile(new ServerProfileOptions { HostName = text });
        return text;
    }

    private static SmtpListenerOptions? Listener(SettingsReader reader)
    {
        EndPoint? endPoint = reader.Parsed("EndPoint", EndPointText.Parse, EndPointText.Allowed);
        if (endPoint is null && reader.Text("EndPoint") is null)
        {
            reader.Missing("EndPoint", "it must be " + EndPointText.Allowed);
        }

        var proxies = new List<IPNetwork>();
        foreach ((string key, string text) in reader.Texts("ProxiesTrusted") ?? [])
        {
            if (IPNetwork.TryParse(text, out IPNetwork network) || IPNetwork.TryParse(text + (text.Contains(':', StringComparison.Ordinal) ? "/128" : "/32"), out network))
            {
                proxies.Add(network);
            }
            else
            {
                reader.Fault(key, text, "must be an address or a network such as 192.0.2.0/24");
            }
        }

        var d = new SmtpListenerOptions { EndPoint = endPoint ?? new IPEndPoint(IPAddress.None, 0) };
        SmtpListenerRole role = reader.Choice("Role", d.Role);
        var listener = new SmtpListenerOptions
        {
            EndPoint = d.EndPoint,
            Role = role,
            Tls = reader.Choice("Tls", d.Tls),
            RequireTls = reader.Value("RequireTls", d.RequireTls),
            RequireAuthentication = reader.Value("RequireAuthentication", role == SmtpListenerRole.Submission),
            AllowPlaintextAuthentication = reader.Value("AllowPlaintextAuthentication", d.AllowPlaintextAuthentication),
            ClientCertificates = reader.Choice("ClientCertificates", d.ClientCertificates),
            Lmtp = reader.Value("Lmtp", d.Lmtp),
            ProxiesTrusted = proxies,
            GreetingDelay = reader.Value("GreetingDelay", d.GreetingDelay, v => new SmtpListenerOptions { EndPoint = d.EndPoint, GreetingDelay = v }),
            RejectImproperPipelining = reader.Value("RejectImproperPipelining", d.RejectImproperPipelining),
            Backlog = reader.Value("Backlog", d.Backlog, v => new SmtpListenerOptions { EndPoint = d.EndPoint, Backlog = v }),
        };
        reader.DemandKnownKeys();
        return endPoint is null ? null : listener;
    }

    private static void ReadUser(SettingsReader reader, SmtpServerHostingOptions options)
    {
        string? name = reader.Text("Name");
        string? password = reader.Secret("Password");
        string? hash = reader.Secret("PasswordHash");
        reader.DemandKnownKeys();
        if (string.IsNullOrEmpty(name))
        {
            reader.Missing("Name", "each user needs one");
        }
        else if (string.IsNullOrEmpty(password) == string.IsNullOrEmpty(hash))
        {
            reader.Missing("Password", "each user needs either Password or PasswordHash");
        }
        else if (hash is not null && !PasswordHash.IsValid(hash))
        {
            reader.Missing("PasswordHash", "what is there has not the form of ASP.NET Core Identity, version 3");
        }
        else if (!(hash is null ? options.Users.TryAdd(name, password!) : options.UserHashes.TryAdd(name, hash)))
        {
            reader.Fault("Name", name, "is there twice");
        }
    }

    private static SmtpLimits Limits(SettingsReader reader, SmtpLimits d)
    {
        var limits = new SmtpLimits
        {
            MaximumCommandLineLength = reader.Value(
                "MaximumCommandLineLength", d.MaximumCommandLineLength, v => new SmtpLimits { MaximumCommandLineLength = v }),
            MaximumAuthenticationLineLength = reader.Value(
                "MaximumAuthenticationLineLength", d.MaximumAuthenticationLineLength, v => new SmtpLimits { MaximumAuthenticationLineLength = v }),
            MaximumMessageSize = reader.Value("MaximumMessageSize", d.MaximumMessageSize, v => new SmtpLimits { MaximumMessageSize = v }),
            MaximumRecipients = reader.Value("MaximumRecipients", d.MaximumRecipients, v => new SmtpLimits { MaximumRecipients = v }),
            MaximumMessages = reader.Value("MaximumMessages", d.MaximumMessages, v => new SmtpLimits { MaximumMessages = v }),
            MaximumErrors = reader.Value("MaximumErrors", d.MaximumErrors, v => new SmtpLimits { MaximumErrors = v }),
            MaximumUnproductiveCommands = reader.Value(
                "MaximumUnproductiveCommands", d.MaximumUnproductiveCommands, v => new SmtpLimits { MaximumUnproductiveCommands = v }),
            MaximumAuthenticationFailures = reader.Value(
                "MaximumAuthenticationFailures", d.MaximumAuthenticationFailures, v => new SmtpLimits { MaximumAuthenticationFailures = v }),
            MaximumDiscardedOctets = reader.Value("MaximumDiscardedOctets", d.MaximumDiscardedOctets, v => new SmtpLimits { MaximumDiscardedOctets = v }),
        };
        reader.DemandKnownKeys();
        return limits;
    }

    private static SmtpAuthenticationLimits AuthenticationLimits(SettingsReader reader, SmtpAuthenticationLimits d)
    {
        var limits = new SmtpAuthenticationLimits
        {
            FailuresPerAddress = reader.Value("FailuresPerAddress", d.FailuresPerAddress, v => new SmtpAuthenticationLimits { FailuresPerAddress = v }),
            FailuresPerAccount = reader.Value("FailuresPerAccount", d.FailuresPerAccount, v => new SmtpAuthenticationLimits { FailuresPerAccount = v }),
            Period = reader.Value("Period", d.Period, v => new SmtpAuthenticationLimits { Period = v }),
            MaximumRemembered = reader.Value("MaximumRemembered", d.MaximumRemembered, v => new SmtpAuthenticationLimits { MaximumRemembered = v }),
        };
        reader.DemandKnownKeys();
        return limits;
    }

    private static SmtpServerTimeouts Timeouts(SettingsReader reader, SmtpServerTimeouts d)
    {
        var timeouts = new SmtpServerTimeouts
        {
            Command = reader.Value("Command", d.Command, v => new SmtpServerTimeouts { Command = v }),
            Body = reader.Value("Body", d.Body, v => new SmtpServerTimeouts { Body = v }),
            MinimumBodyRate = reader.Value("MinimumBodyRate", d.MinimumBodyRate, v => new SmtpServerTimeouts { MinimumBodyRate = v }),
            BodyRateGrace = reader.Value("BodyRateGrace", d.BodyRateGrace, v => new SmtpServerTimeouts { BodyRateGrace = v }),
            AuthenticationFailureDelay = reader.Value(
                "AuthenticationFailureDelay", d.AuthenticationFailureDelay, v => new SmtpServerTimeouts { AuthenticationFailureDelay = v }),
            ErrorDelay = reader.Value("ErrorDelay", d.ErrorDelay, v => new SmtpServerTimeouts { ErrorDelay = v }),
            Write = reader.Value("Write", d.Write, v => new SmtpServerTimeouts { Write = v }),
            TlsHandshake = reader.Value("TlsHandshake", d.TlsHandshake, v => new SmtpServerTimeouts { TlsHandshake = v }),
            ShutdownGrace = reader.Value("ShutdownGrace", d.ShutdownGrace, v => new SmtpServerTimeouts { ShutdownGrace = v }),
        };
        reader.DemandKnownKeys();
        return timeouts;
    }
}
