namespace Smtp.Core;

/// <summary>What <see cref="CommandWriter.WriteMail"/> writes behind <c>MAIL FROM:</c>. What is not set is not written.</summary>
internal readonly record struct MailParameters
{
    /// <summary>Nothing but the null reverse-path.</summary>
    public MailParameters()
    {
    }

    /// <summary>The reverse-path; null by default.</summary>
    public SmtpPath ReversePath { get; init; }

    /// <summary>SIZE in octets (RFC 1870 §4); -1, the default, for none.</summary>
    public long Size { get; init; } = -1;

    /// <summary>BODY (RFC 6152 §3, RFC 3030 §3); <see langword="null"/>, the default, for none.</summary>
    public BodyType? Body { get; init; }

    /// <summary>SMTPUTF8 (RFC 6531 §3.4).</summary>
    public bool SmtpUtf8 { get; init; }

    /// <summary>REQUIRETLS (RFC 8689 §2).</summary>
    public bool RequireTls { get; init; }

    /// <summary>RET (RFC 3461 §4.3).</summary>
    public DsnReturn Return { get; init; }

    /// <summary>ENVID in xtext (RFC 3461 §4.4); empty for none.</summary>
    public ReadOnlyMemory<byte> EnvelopeId { get; init; }

    /// <summary>AUTH in xtext, or <c>&lt;&gt;</c> (RFC 4954 §5); empty for none.</summary>
    public ReadOnlyMemory<byte> Submitter { get; init; }
}
