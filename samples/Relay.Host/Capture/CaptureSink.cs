using System.Globalization;
using Microsoft.Extensions.Logging;
using Smtp.Core;
using Smtp.Server;

namespace Relay.Host;

/// <summary>
/// Stores each message as two files: <c>ID.eml</c>, the content octet by octet, and <c>ID.json</c>, the envelope. An <c>.eml</c> file that is there is
/// complete, and so is the <c>.json</c> file beside it.
/// </summary>
internal sealed class CaptureSink : IMessageSink
{
    private readonly string _folder;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;

    /// <summary>Makes a sink.</summary>
    /// <param name="folder">Where the files go; see <see cref="Folders.Prepare"/>.</param>
    /// <param name="time">The clock of names and time stamps.</param>
    /// <param name="logger">Where captured messages are told.</param>
    internal CaptureSink(string folder, TimeProvider time, ILogger logger)
    {
        _folder = folder;
        _time = time;
        _logger = logger;
    }

    /// <summary>Files hold any octets and any path.</summary>
    public SmtpExtensions SupportedExtensions => SmtpExtensions.SmtpUtf8 | SmtpExtensions.BinaryMime;

    /// <inheritdoc/>
    public ValueTask<MessageOpening> OpenAsync(SmtpSessionContext session, Envelope envelope, CancellationToken cancellationToken)
    {
        // Names sort by time; the random part keeps those of one millisecond apart.
        string id = string.Create(CultureInfo.InvariantCulture, $"{_time.GetUtcNow():yyyyMMdd'T'HHmmss.fff'Z'}-{Guid.NewGuid().ToString("N")[..12]}");
        return ValueTask.FromResult(MessageOpening.Accept(new CaptureWriter(_folder, id, session, envelope, _time, _logger)));
    }
}
