using System.Net;
using Microsoft.Extensions.Configuration;
using Smtp.Client;

namespace Relay.Host.Tests;

public sealed class RelaySettingsTests
{
    [Fact]
    public void Nothing_configured_is_loopback_only_and_captures()
    {
        RelaySettings settings = Settings.Read();

        Assert.Equal([IPEndPoint.Parse("127.0.0.1:2525")], settings.Listen);
        Assert.Empty(settings.ListenTls);
        Assert.Null(settings.NextHop);
        Assert.Equal(IPEndPoint.Parse("127.0.0.1:2526"), settings.CaptureListen);
        Assert.Equal(Path.GetFullPath("relay-data"), settings.DataPath);
        Assert.Equal(Path.GetFullPath("relay-data/captured"), settings.CapturePath);
        Assert.Empty(settings.Users);
        Assert.Null(settings.CertificatePath);
    }

    [Theory]
    [InlineData("127.0.0.1:25", "127.0.0.1:25")]
    [InlineData("[::1]:25", "[::1]:25")]
    [InlineData("localhost:25", "127.0.0.1:25")]
    [InlineData("*:25", "[::]:25")]
    [InlineData("0.0.0.0:0", "0.0.0.0:0")]
    [InlineData(" 127.0.0.1:25 , [::1]:26 ", "127.0.0.1:25,[::1]:26")]
    public void Listeners_are_read(string value, string expected)
    {
        RelaySettings settings = Settings.Read($"--Relay:Listen={value}");

        Assert.Equal(expected.Split(',').Select(IPEndPoint.Parse), settings.Listen);
    }

    [Theory]
    [InlineData("127.0.0.1:2600", null, "127.0.0.1", 2600, SmtpTlsMode.None)]
    [InlineData("localhost:2600", null, "localhost", 2600, SmtpTlsMode.None)]
    [InlineData("[::1]:2600", null, "::1", 2600, SmtpTlsMode.None)]
    [InlineData("smtp.example.com:587", null, "smtp.example.com", 587, SmtpTlsMode.StartTlsRequired)]
    [InlineData("192.0.2.1:25", null, "192.0.2.1", 25, SmtpTlsMode.StartTlsRequired)]
    [InlineData("192.0.2.1:25", "none", "192.0.2.1", 25, SmtpTlsMode.None)]
    [InlineData("192.0.2.1:25", "IfOffered", "192.0.2.1", 25, SmtpTlsMode.StartTlsIfOffered)]
    [InlineData("127.0.0.1:25", "StartTls", "127.0.0.1", 25, SmtpTlsMode.StartTlsRequired)]
    [InlineData("smtp.example.com:465", "Implicit", "smtp.example.com", 465, SmtpTlsMode.Implicit)]
    public void A_next_hop_across_a_network_wants_TLS_unless_told_otherwise(string value, string? tls, string host, int port, SmtpTlsMode mode)
    {
        RelaySettings settings = Settings.Read([$"--Relay:NextHop={value}", .. tls is null ? Array.Empty<string>() : [$"--Relay:NextHopTls={tls}"]]);

        Assert.Equal((host, port, mode), (settings.NextHop!.Host, settings.NextHop.Port, settings.NextHop.Tls));
    }

    [Theory]
    [InlineData("--Relay:Listen=2525", "Relay:Listen is \"2525\"; allowed is host:port")]
    [InlineData("--Relay:Listen=127.0.0.1:99999", "Relay:Listen is \"127.0.0.1:99999\"; allowed is host:port")]
    [InlineData("--Relay:Listen=mail.example.com:25", "Relay:Listen is \"mail.example.com:25\"; allowed is host:port")]
    [InlineData("--Relay:Listen=127.0.0.1:25,oops", "Relay:Listen is \"127.0.0.1:25,oops\"; allowed is host:port")]
    [InlineData("--Relay:Listen=::1:25", "Relay:Listen is \"::1:25\"; allowed is host:port")]
    [InlineData("--Relay:Listen=", "Relay:Listen and Relay:ListenTls are both empty")]
    [InlineData("--Relay:ListenTls=x", "Relay:ListenTls is \"x\"; allowed is host:port")]
    [InlineData("--Relay:HostName=not a name", "Relay:HostName is \"not a name\"; allowed is a domain name")]
    [InlineData("--Relay:NextHop=mail", "Relay:NextHop is \"mail\"; allowed is host:port")]
    [InlineData("--Relay:NextHop=mail:0", "Relay:NextHop is \"mail:0\"; allowed is host:port")]
    [InlineData("--Relay:NextHop=", "Relay:NextHop is set, and empty")]
    [InlineData("--Relay:NextHop=127.0.0.1:2525", "Relay:NextHop is \"127.0.0.1:2525\", where the relay itself listens")]
    [InlineData("--Relay:NextHop=a.example:25 --Relay:NextHopTls=yes", "Relay:NextHopTls is \"yes\"; allowed is None, IfOffered, StartTls or Implicit")]
    [InlineData("--Relay:NextHopTls=None", "Relay:NextHopTls is set, and Relay:NextHop is not")]
    [InlineData("--Relay:NextHop=a.example:25 --Relay:NextHopUser=u", "Relay:NextHopUser is set, so that Relay:NextHopPassword must be set too")]
    [InlineData("--Relay:NextHop=a.example:25 --Relay:NextHopPassword=hunter2", "Relay:NextHopPassword is set, so that Relay:NextHopUser must be set too")]
    [InlineData(
        "--Relay:NextHop=a.example:25 --Relay:NextHopUser=u --Relay:NextHopPassword=hunter2 --Relay:NextHopTls=None",
        "Relay:NextHopPassword would go over the network in the clear: Relay:NextHopTls must be StartTls or Implicit")]
    [InlineData("--Relay:NextHop=a.example:25 --Relay:NextHopCaPath=/nowhere.pem", "Relay:NextHopCaPath is \"/nowhere.pem\"")]
    [InlineData("--Relay:Capture:Listen=127.0.0.1:1,127.0.0.1:2", "Relay:Capture:Listen is \"127.0.0.1:1,127.0.0.1:2\"; allowed is one host:port")]
    [InlineData("--Relay:Capture:Listen=", "Relay:Capture:Listen is \"\"; allowed is one host:port")]
    [InlineData("--Relay:Capture:Path= ", "Relay:Capture:Path is set, and empty")]
    [InlineData("--Relay:Tls:KeyPath=k.pem", "Relay:Tls:KeyPath is set, so that Relay:Tls:CertificatePath must be set too")]
    [InlineData("--Relay:Users:alice=", "Relay:Users:alice has no password")]
    [InlineData("--Relay:Users:alice:x=hunter2", "Relay:Users:alice has keys below it")]
    [InlineData("--Relay:Users=alice", "Relay:Users has a value of its own")]
    [InlineData("--Relay:Nexthopp=a.example:25", "Relay:Nexthopp is not a key of the relay. Its keys are Relay:Listen, ")]
    [InlineData("--Relay:Capture:Pfad=x", "Relay:Capture:Pfad is not a key of the relay")]
    [InlineData("--Relay:Spol:Path=x", "Relay:Spol is not a key of the relay")]
    [InlineData("--Relay:Retry:First=soon", "Relay:Retry:First is \"soon\"; allowed is a time of 1ms to 365d")]
    [InlineData("--Relay:Routes:example.com=x", "Relay:Routes:example.com is \"x\"; allowed is host:port")]
    [InlineData("--Relay:Routes:example..com=127.0.0.1:25", "Relay:Routes:example..com names \"example..com\"; allowed is a domain")]
    [InlineData("--Relay:Delivery:Domains:example..com:RequireTls=true", "Relay:Delivery:Domains:example..com is \"\"; allowed is a domain as its name")]
    [InlineData("--Logging:LogLevel:Default=Blah", "Logging:LogLevel:Default is \"Blah\"; allowed is Trace, Debug, ")]
    [InlineData("--Logging:Console:LogLevel:Smtp=Loud", "Logging:Console:LogLevel:Smtp is \"Loud\"; allowed is Trace, Debug, ")]
    [InlineData("--Relay:Listen:0=127.0.0.1:25", "Relay:Listen is a list or a section")]
    public void A_wrong_value_names_key_value_and_what_is_allowed(string args, string expected)
    {
        RelaySettings? settings = Settings.Read(args.Split(" --").Select((arg, i) => i == 0 ? arg : "--" + arg).ToArray(), out IReadOnlyList<string> errors);

        Assert.Null(settings);
        Assert.StartsWith(expected, Assert.Single(errors), StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", errors[0], StringComparison.Ordinal);
    }

    [Fact]
    public void All_errors_come_at_once()
    {
        Settings.Read(
            ["--Relay:Listen=x", "--Relay:NextHop=y", "--Relay:HostName=z z", "--Relay:Typo=1", "--Relay:Users:bob="], out IReadOnlyList<string> errors);

        Assert.Equal(5, errors.Count);
    }

    [Fact]
    public void The_key_may_be_in_the_certificates_file()
    {
        RelaySettings settings = Settings.Read("--Relay:Tls:CertificatePath=both.pem");

        Assert.Equal(Path.GetFullPath("both.pem"), settings.CertificatePath);
        Assert.Equal(settings.CertificatePath, settings.KeyPath);
    }

    [Theory]
    [InlineData("serve")]
    [InlineData("--NextHop=127.0.0.1:2600")]
    [InlineData("/Relay:NextHop=127.0.0.1:2600")]
    [InlineData("--Relay:NextHop")]
    public void An_argument_that_would_be_passed_over_is_an_error(string argument) =>
        Assert.Contains(argument.Split('=')[0], Assert.Throws<RelayStartException>(() => RelayConfiguration.Load([argument])).Message, StringComparison.Ordinal);

    [Fact]
    public void The_command_line_wins_over_the_environment()
    {
        Environment.SetEnvironmentVariable("Relay__NextHop", "127.0.0.1:2601");
        try
        {
            using ConfigurationManager byEnvironment = RelayConfiguration.Load([]);
            using ConfigurationManager byBoth = RelayConfiguration.Load(["--Relay:NextHop", "127.0.0.1:2602"]);

            Assert.Equal("127.0.0.1:2601", byEnvironment["Relay:NextHop"]);
            Assert.Equal("127.0.0.1:2602", byBoth["Relay:NextHop"]);
        }
        finally
        {
            Environment.SetEnvironmentVariable("Relay__NextHop", null);
        }
    }
}
