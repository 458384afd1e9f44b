using System.Net;

namespace Relay.Host;

/// <summary>What is printed at the start: where mail goes in, where it goes out, and a command to try.</summary>
internal static class StartUpLines
{
    internal static void Write(TextWriter output, RelaySettings settings, RelayServers servers)
    {
        string submission = string.Join(", ", servers.EndPoints.Select((endPoint, i) => $"{endPoint} ({(i < settings.Listen.Count ? "STARTTLS" : "TLS")})"));
        output.WriteLine($"{settings.HostName} relays mail.");
        output.WriteLine($"  Mail in       {submission}");
        output.WriteLine(settings.Users.Count > 0
            ? $"  Who may       {CommandContext.Count(settings.Users.Count, "user")}, with AUTH under TLS; nobody else"
            : "  Who may       programs on this machine, without AUTH; nobody else");
        output.WriteLine($"  Queue         {settings.SpoolPath}");
        if (settings.DeliversToExchangers)
        {
            output.WriteLine("  Mail out      the recipients' mail exchangers");
        }
        else if (settings.NextHop is { } nextHop)
        {
            output.WriteLine($"  Mail out      {nextHop} (TLS: {nextHop.Tls}{(nextHop.Credentials is { } credentials ? $", AUTH as {credentials.UserName}" : string.Empty)})");
        }
        else
        {
            output.WriteLine($"  Mail out      {servers.CaptureEndPoint}, a capture server in this process: nothing leaves this machine");
            output.WriteLine($"  Captured mail {settings.CapturePath}");
        }

        if (servers.Http is { } http)
        {
            output.WriteLine($"  Page and API  http://{http.EndPoint} (reference: /reference)");
            if (http.FirstKey is { } key)
            {
                output.WriteLine($"  First key     {key}");
                output.WriteLine("                It manages the service. Copy it now: it is shown this once.");
            }
        }

        output.WriteLine(servers.DevelopmentCertificate is { } development
            ? $"  Certificate   {development.CertificatePath} (self-signed, for development{(development.IsNew ? "; made now" : string.Empty)})"
            : $"  Certificate   {settings.CertificatePath}");
        output.WriteLine($"Try it: swaks {Swaks(settings, servers)} -f you@example.com -t friend@example.net");
        output.WriteLine("Ctrl-C stops.");
        output.Flush();
    }

    private static string Swaks(RelaySettings settings, RelayServers servers)
    {
        var endPoint = (IPEndPoint)servers.EndPoints[0];
        IPAddress address = endPoint.Address.Equals(IPAddress.Any) ? IPAddress.Loopback
            : endPoint.Address.Equals(IPAddress.IPv6Any) ? IPAddress.IPv6Loopback
            : endPoint.Address;
        return $"-s {new IPEndPoint(address, endPoint.Port)} {(settings.Listen.Count > 0 ? "--tls" : "--tlsc")}"
            + (settings.Users.Count > 0 ? $" --auth-user {settings.Users[0].Key}" : string.Empty);
    }
}
