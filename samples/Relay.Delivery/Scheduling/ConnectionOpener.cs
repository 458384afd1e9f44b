using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;
using Relay.Spool;
using Smtp.Client;
using Smtp.Core;

namespace Relay.Delivery;

/// <summary>Connects to the first host of a site that serves: by preference, each by all its addresses (RFC 5321 §5.1).</summary>
internal sealed class ConnectionOpener(Func<DeliverySettings> settings, TimeProvider time, ILoggerFactory loggers, Random random)
{
    // Of a site whose hosts are all dead each address costs the time of a connection; Postfix tries five.
    private const int MaximumAddresses = 6;

    private readonly TrustStore _trust = new();

    /// <summary>Opens a connection.</summary>
    internal async Task<Opening> OpenAsync(MailPath path, CancellationToken cancellationToken)
    {
        Opening failure = default;
        bool refusesForGood = true;
        int tried = 0;
        foreach (MailHost host in path.Resolution.Shuffle(random))
        {
            foreach (IPAddress address in host.Addresses)
            {
                if (path.Source is { } source && source.Of(address.AddressFamily) is null)
                {
                    continue;
                }

                if (tried++ == MaximumAddresses)
                {
                    return failure;
                }

                Opening opening = await TryAsync(path, host, address, cancellationToken).ConfigureAwait(false);
                if (opening.Connection is not null)
                {
                    return opening;
                }

                // RFC 7504: a host that says 521 or 556 will never take mail. It counts if all hosts say it.
                refusesForGood &= opening.Reply.Code is 521 or 556;
                if (failure.Reply is null || opening.Reply.Code != 0 || failure.Reply.Code == 0)
                {
                    failure = opening;
                }
            }
        }

        return refusesForGood ? failure : failure with { Failure = failure.Failure with { IsPermanent = false, Status = Soften(failure.Failure.Status) } };
    }

    private static EnhancedStatus Soften(EnhancedStatus status) => status with { Class = 4 };

    private async Task<Opening> TryAsync(MailPath path, MailHost host, IPAddress address, CancellationToken cancellationToken)
    {
        SmtpTlsMode mode = path.Tls switch
        {
            TlsDemand.Verified => path.Route?.Tls == SmtpTlsMode.Implicit ? SmtpTlsMode.Implicit : SmtpTlsMode.StartTlsRequired,
            TlsDemand.Configured => path.Route!.Tls,
            _ => SmtpTlsMode.StartTlsIfOffered,
        };
        string name = address.ToString() == host.Name ? $"[{address}]:{host.Port}" : string.Create(CultureInfo.InvariantCulture, $"{host.Name}[{address}]:{host.Port}");
        while (true)
        {
            try
            {
                return new Opening(new SiteConnection(await ConnectAsync(path, host, address, mode, cancellationToken).ConfigureAwait(false), name), default, RecipientReply.None);
            }
            catch (SmtpTransportException error) when (error.Failure == TransportFailure.TlsFailed && path.Tls == TlsDemand.Opportunistic && mode != SmtpTlsMode.None)
            {
                // What cannot be had with TLS is had without, as it would have been had TLS not been offered.
                DeliveryLog.TlsGivenUp(loggers.CreateLogger("Relay.Delivery"), name, error.Message);
                mode = SmtpTlsMode.None;
            }
            catch (SmtpTransportException error)
            {
                return new Opening(null, ReplyClassifier.Of(error.Failure), new RecipientReply(0, string.Empty, Describe(error), name), error.Stage);
            }
            catch (SmtpReplyException error)
            {
                return Refused(error, name);
            }
            catch (HostUnreachableException error)
            {
                return new Opening(null, ReplyClassifier.Of(TransportFailure.ConnectFailed), new RecipientReply(0, string.Empty, error.Message, name));
            }
            catch (Exception error) when (error is ArgumentException or IOException)
            {
                // A name that is none, or a file of certificates that cannot be read.
                return new Opening(null, ReplyClassifier.Soft(BounceReason.Other, 3, 5, isSiteWide: true), new RecipientReply(0, string.Empty, error.Message, name));
            }
        }
    }

    private static Opening Refused(SmtpReplyException error, string name)
    {
        ReceivedReply reply = error.Reply;
        if (reply.IsNone || reply.IsPositive)
        {
            bool isTls = error.Stage is SmtpStage.StartTls or SmtpStage.TlsHandshake;
            return new Opening(
                null,
                ReplyClassifier.Soft(isTls ? BounceReason.Tls : BounceReason.Protocol, (ushort)(isTls ? 7 : 5), (ushort)(isTls ? 10 : 0), isSiteWide: true),
                new RecipientReply(0, string.Empty, error.Message, name),
                error.Stage);
        }

        string text = reply.GetText();
        Classification failure = ReplyClassifier.Of(reply.Code, reply.Status, text, error.Stage) with { IsSiteWide = true, Suppresses = false };
        return new Opening(null, failure, Replies.Of(reply, name), error.Stage);
    }

    private async Task<SmtpConnection> ConnectAsync(MailPath path, MailHost host, IPAddress address, SmtpTlsMode mode, CancellationToken cancellationToken)
    {
        DeliverySettings current = settings();
        bool isOpportunistic = path.Tls == TlsDemand.Opportunistic || mode == SmtpTlsMode.StartTlsIfOffered;
        var options = new SmtpConnectionOptions
        {
            // What came without SMTPUTF8 goes on without it, whatever its header has: its readers do well with that.
            DetectUtf8Headers = false,
            Host = host.Name,
            Port = host.Port,
            Tls = mode,
            Credentials = path.Route?.Credentials,

            // The settings allow a password without TLS only on this machine.
            AllowPlaintextAuthentication = path.Route?.Credentials is not null && mode is SmtpTlsMode.None or SmtpTlsMode.StartTlsIfOffered,
            CertificateValidation = isOpportunistic ? Anybody : _trust.Validator(path.Route is null ? current.CaPath : path.Route.CaPath),
            LocalName = path.Source?.HostName ?? current.HostName,

            // What was taken has none; a store that was tampered with is not to smuggle.
            BareLineEndings = BareLineEndingPolicy.Reject,
            Timeouts = current.Timeouts,
            TimeProvider = time,
            LoggerFactory = loggers,
        };
        Stream stream = await ConnectSocketAsync(path.Source?.Of(address.AddressFamily), address, host.Port, current.Timeouts.Connect, host, cancellationToken).ConfigureAwait(false);
        return await SmtpConnection.ConnectAsync(stream, options, cancellationToken).ConfigureAwait(false);
    }

    private async Task<Stream> ConnectSocketAsync(
        IPAddress? source, IPAddress address, int port, TimeSpan patience, MailHost host, CancellationToken cancellationToken)
    {
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        using var deadline = new CancellationTokenSource(patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        try
        {
            if (source is not null)
            {
                socket.Bind(new IPEndPoint(source, 0));
            }

            await socket.ConnectAsync(new IPEndPoint(address, port), either.Token).ConfigureAwait(false);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch (Exception error)
        {
            socket.Dispose();
            if (error is OperationCanceledException && cancellationToken.IsCancellationRequested)
            {
                throw;
            }

            throw new HostUnreachableException(
                error is OperationCanceledException ? $"No connection to {host.Name} within {patience.TotalSeconds:0} s" : error.Message, error);
        }
    }

    /// <summary>RFC 7435 §4: without an authenticated name to compare with, encryption alone still keeps eavesdroppers out.</summary>
    private static bool Anybody(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors) => errors >= SslPolicyErrors.None;

    private static string Describe(SmtpTransportException error) => error.Failure switch
    {
        TransportFailure.TlsFailed => $"TLS failed: {error.InnerException?.Message ?? error.Message}",
        TransportFailure.TimedOut => $"No answer in time ({error.Stage})",
        _ => $"The connection was lost ({error.Stage})",
    };
}
