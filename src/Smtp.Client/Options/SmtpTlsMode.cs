namespace Smtp.Client;

/// <summary>How a connection gets TLS. In every mode a certificate that fails validation fails the connection.</summary>
public enum SmtpTlsMode
{
    /// <summary>STARTTLS (RFC 3207); a server that does not offer it, or refuses it, is not talked to. The default.</summary>
    StartTlsRequired,

    /// <summary>STARTTLS if the server offers it, else plaintext. Whoever can change what the server says can prevent TLS.</summary>
    StartTlsIfOffered,

    /// <summary>TLS from the first octet (RFC 8314 §3.3), mostly on port 465.</summary>
    Implicit,

    /// <summary>Plaintext, whatever the server offers.</summary>
    None,
}
