using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Smtp.Core;

namespace Smtp.Server;

/// <content>What is wrong with options is said before anything listens: the option, its value, what is allowed.</content>
public sealed partial class SmtpServer
{
    private static void Demand(SmtpServerOptions options)
    {
        DemandValue(options.Listeners);
        DemandValue(options.MessageSink);
        DemandValue(options.HostName);
        DemandValue(options.GreetingText);
        DemandValue(options.Policy);
        DemandValue(options.Limits);
        DemandValue(options.AuthenticationLimits);
        DemandValue(options.Timeouts);
        DemandValue(options.LoggerFactory);
        DemandValue(options.TimeProvider);
        DemandMember(options.BareLineEndings);
        DemandMember(options.NulOctets);
        DemandMember(options.LongLines);
        foreach (SmtpListenerOptions listener in options.Listeners)
        {
            Demand(options, listener, bringsTls: false);
            if (listener.EndPoint is not (IPEndPoint or UnixDomainSocketEndPoint))
            {
                throw new ArgumentException($"The listener on '{listener.EndPoint}' needs as EndPoint an IPEndPoint or a UnixDomainSocketEndPoint.", nameof(options));
            }
        }
    }

    private static void Demand(SmtpServerOptions options, SmtpListenerOptions listener, bool bringsTls)
    {
        DemandValue(listener, "options.Listeners");
        DemandValue(listener.ProxiesTrusted);
        DemandMember(listener.Tls);
        DemandMember(listener.Role);
        DemandMember(listener.ClientCertificates);
        if (options.Certificates is null && listener.Tls != TlsMode.None && !bringsTls)
        {
            throw new ArgumentException($"The listener on {listener.EndPoint} has Tls = {listener.Tls}, so that Certificates must be set.", nameof(options));
        }

        if (listener.RequireTls && listener.Tls == TlsMode.None)
        {
            throw new ArgumentException($"The listener on {listener.EndPoint} has RequireTls, so that Tls must be StartTls or Implicit.", nameof(options));
        }

        if (options.Authenticator is null && listener.RequireAuthentication)
        {
            throw new ArgumentException($"The listener on {listener.EndPoint} has RequireAuthentication, so that Authenticator must be set.", nameof(options));
        }

        if (listener.RequireAuthentication && !CanAuthenticate(options, listener))
        {
            throw new ArgumentException(
                $"The listener on {listener.EndPoint} has RequireAuthentication, but none of AuthenticationMechanisms = "
                + $"[{string.Join(", ", options.OfferedMechanisms)}] is ever offered there: set Tls, or AllowPlaintextAuthentication.",
                nameof(options));
        }
    }

    private static bool CanAuthenticate(SmtpServerOptions options, SmtpListenerOptions listener) =>
        (options.Extensions & SmtpExtensions.Auth) != 0
        && options.OfferedMechanisms.Count > 0
        && (listener.Tls != TlsMode.None || listener.AllowPlaintextAuthentication);

    private static void DemandValue(object? value, [CallerArgumentExpression(nameof(value))] string name = "")
    {
        if (value is null)
        {
            throw new ArgumentNullException(name);
        }
    }

    private static void DemandMember<T>(T value, [CallerArgumentExpression(nameof(value))] string name = "")
        where T : struct, Enum
    {
        if (!Enum.IsDefined(value))
        {
            throw new ArgumentOutOfRangeException(name, value, $"{name} = {value} must be one of {string.Join(", ", Enum.GetNames<T>())}.");
        }
    }
}
