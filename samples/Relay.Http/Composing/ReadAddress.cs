using MimeKit;
using Smtp.Core;

namespace Relay.Http;

/// <summary>An address that SMTP takes.</summary>
/// <param name="Path">For the envelope; the domain in A-labels, lower case.</param>
/// <param name="Mailbox">For the header.</param>
/// <param name="Domain">The domain, as in the path.</param>
internal sealed record ReadAddress(SmtpPath Path, MailboxAddress Mailbox, string Domain);
