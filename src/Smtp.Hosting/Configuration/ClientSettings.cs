using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;
using Smtp.Client;

namespace Smtp.Hosting;

/// <summary>Reads a client's settings from a section of configuration.</summary>
internal sealed class ClientSettings(string name, IConfigurationSection section) : IConfigureNamedOptions<SmtpClientHostingOptions>
{
    /// <inheritdoc/>
    public void Configure(SmtpClientHostingOptions options) => Configure(Options.DefaultName, options);

    /// <inheritdoc/>
    public void Configure(string? name, SmtpClientHostingOptions options)
    {
        if (name == Name)
        {
            Read(new SettingsReader(section, options.ConfigurationErrors), options);
        }
    }

    private string Name { get; } = name;

    private static void Read(SettingsReader reader, SmtpClientHostingOptions o)
    {
        o.Host = reader.Text("Host") ?? o.Host;
        o.FallbackHosts = Texts(reader, "FallbackHosts") ?? o.FallbackHosts;
        o.Port = reader.Value("Port", o.Port, v => v is >= 1 and <= 65535 ? v : throw new ArgumentException("must be from 1 to 65535"));
        o.Lmtp = reader.Value("Lmtp", o.Lmtp);
        o.LocalEndPoint = reader.Parsed("LocalEndPoint", System.Net.IPEndPoint.Parse, "an address with a port, 0 for any, such as 192.0.2.1:0") ?? o.LocalEndPoint;
        o.Tls = reader.Choice("Tls", o.Tls);
        o.TlsHostName = reader.Text("TlsHostName") ?? o.TlsHostName;
        o.TlsHostNames = Texts(reader, "TlsHostNames") ?? o.TlsHostNames;
        o.PinnedPublicKeys = Texts(reader, "PinnedPublicKeys") ?? o.PinnedPublicKeys;
        o.CheckCertificateRevocation = reader.Value("CheckCertificateRevocation", o.CheckCertificateRevocation);
        o.LocalName = reader.Text("LocalName") ?? o.LocalName;
        o.UserName = reader.Text("UserName") ?? o.UserName;
        o.Password = reader.Secret("Password") ?? o.Password;
        o.AuthenticationMechanisms = Texts(reader, "AuthenticationMechanisms") ?? o.AuthenticationMechanisms;
        o.AllowPlaintextAuthentication = reader.Value("AllowPlaintextAuthentication", o.AllowPlaintextAuthentication);
        o.UseChunking = reader.Value("UseChunking", o.UseChunking);
        o.MaximumMessagesInFlight = reader.Value(
            "MaximumMessagesInFlight", o.MaximumMessagesInFlight, v => v is >= 1 and <= 100 ? v : throw new ArgumentException("must be from 1 to 100"));
        o.DetectUtf8Headers = reader.Value("DetectUtf8Headers", o.DetectUtf8Headers);
        o.BareLineEndings = reader.Choice("BareLineEndings", o.BareLineEndings);
        o.MaximumConnections = reader.Value("MaximumConnections", o.MaximumConnections, v => new SmtpClientOptions { Host = "x", MaximumConnections = v });
        o.MinimumConnections = reader.Value("MinimumConnections", o.MinimumConnections, v => new SmtpClientOptions { Host = "x", MinimumConnections = v });
        o.MaximumMessagesPerConnection = reader.Value(
            "MaximumMessagesPerConnection", o.MaximumMessagesPerConnection, v => new SmtpClientOptions { Host = "x", MaximumMessagesPerConnection = v });
        o.PooledConnectionLifetime = reader.Value(
            "PooledConnectionLifetime", o.PooledConnectionLifetime, v => new SmtpClientOptions { Host = "x", PooledConnectionLifetime = v });
        o.PooledConnectionIdleTimeout = reader.Value(
            "PooledConnectionIdleTimeout", o.PooledConnectionIdleTimeout, v => new SmtpClientOptions { Host = "x", PooledConnectionIdleTimeout = v });
        o.AcquireTimeout = reader.Value("AcquireTimeout", o.AcquireTimeout, v => new SmtpClientOptions { Host = "x", AcquireTimeout = v });
        o.MaximumWaiters = reader.Value("MaximumWaiters", o.MaximumWaiters, v => new SmtpClientOptions { Host = "x", MaximumWaiters = v });
        o.ConnectBackoff = reader.Value("ConnectBackoff", o.ConnectBackoff, v => new SmtpClientOptions { Host = "x", ConnectBackoff = v });
        o.ShutdownGrace = reader.Value("ShutdownGrace", o.ShutdownGrace, v => new SmtpClientOptions { Host = "x", ShutdownGrace = v });
        if (reader.Section("Timeouts") is { } timeouts)
        {
            o.Timeouts = Timeouts(timeouts, o.Timeouts);
        }

        reader.DemandKnownKeys();
    }

    private static string[]? Texts(SettingsReader reader, string key) => reader.Texts(key)?.Select(text => text.Text).ToArray();

    private static SmtpClientTimeouts Timeouts(SettingsReader reader, SmtpClientTimeouts d)
    {
        var timeouts = new SmtpClientTimeouts
        {
            Connect = reader.Value("Connect", d.Connect, v => new SmtpClientTimeouts { Connect = v }),
            TlsHandshake = reader.Value("TlsHandshake", d.TlsHandshake, v => new SmtpClientTimeouts { TlsHandshake = v }),
            Greeting = reader.Value("Greeting", d.Greeting, v => new SmtpClientTimeouts { Greeting = v }),
            Command = reader.Value("Command", d.Command, v => new SmtpClientTimeouts { Command = v }),
            Mail = reader.Value("Mail", d.Mail, v => new SmtpClientTimeouts { Mail = v }),
            Recipient = reader.Value("Recipient", d.Recipient, v => new SmtpClientTimeouts { Recipient = v }),
            Data = reader.Value("Data", d.Data, v => new SmtpClientTimeouts { Data = v }),
            DataBlock = reader.Value("DataBlock", d.DataBlock, v => new SmtpClientTimeouts { DataBlock = v }),
            FinalReply = reader.Value("FinalReply", d.FinalReply, v => new SmtpClientTimeouts { FinalReply = v }),
            Quit = reader.Value("Quit", d.Quit, v => new SmtpClientTimeouts { Quit = v }),
        };
        reader.DemandKnownKeys();
        return timeouts;
    }
}
