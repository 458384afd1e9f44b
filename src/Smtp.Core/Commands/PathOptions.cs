namespace Smtp.Core;

/// <summary>What <see cref="PathSyntax"/> accepts beyond <c>&lt;local-part@domain&gt;</c>. Strict is <see cref="None"/>.</summary>
[Flags]
public enum PathOptions : byte
{
    /// <summary>Only RFC 5321 §4.1.2's Path.</summary>
    None = 0,

    /// <summary>The null reverse-path <c>&lt;&gt;</c> (RFC 5321 §4.5.5).</summary>
    AllowNull = 1 << 0,

    /// <summary><c>&lt;Postmaster&gt;</c> without a domain, in any case (RFC 5321 §4.1.1.3).</summary>
    AllowPostmaster = 1 << 1,

    /// <summary>UTF-8 in local part and domain (RFC 6531 §3.3).</summary>
    AllowUtf8 = 1 << 2,

    /// <summary>Leniency: no angle brackets; the mailbox then ends at the first space outside of quotes.</summary>
    AllowMissingBrackets = 1 << 3,

    /// <summary>Leniency: spaces in front of the path, as in <c>MAIL FROM: &lt;a@b&gt;</c>.</summary>
    AllowLeadingSpace = 1 << 4,
}
