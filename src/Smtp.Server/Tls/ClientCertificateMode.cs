namespace Smtp.Server;

/// <summary>Whether a listener asks its clients for a certificate in the TLS handshake.</summary>
public enum ClientCertificateMode : byte
{
    /// <summary>No.</summary>
    None,

    /// <summary>Yes, and one may come or not. <see cref="SmtpSessionContext.ClientCertificateErrors"/> says what validation found.</summary>
    Request,

    /// <summary>Yes, and the handshake fails without one that the system's validation accepts.</summary>
    Require,
}
