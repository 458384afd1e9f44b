namespace Smtp.Server;

/// <summary>What a listener is for.</summary>
public enum SmtpListenerRole
{
    /// <summary>Mail from other servers, as on port 25, or from programs that hand over finished messages: passed on as it is.</summary>
    Relay,

    /// <summary>
    /// New mail from users' programs, as on ports 587 and 465 (RFC 6409, RFC 8314): AUTH is needed unless
    /// <see cref="SmtpListenerOptions.RequireAuthentication"/> says otherwise (RFC 6409 §4.3), domains in MAIL and RCPT must be fully qualified (§4.2: 553 5.1.8
    /// and 553 5.1.2), and a Date (§8.2) and a Message-ID (§8.3) that a message lacks are added at the end of its header. Nothing else of it is touched.
    /// </summary>
    Submission,
}
