using System.Diagnostics.Metrics;
using System.Globalization;
using Smtp.Core;

namespace Smtp.Server;

/// <summary>
/// The instruments of the meter "Smtp.Server", named in the manner of OpenTelemetry's conventions. One that nobody listens to costs a branch.
/// </summary>
internal sealed class SmtpServerMetrics : IDisposable
{
    internal const string MeterName = "Smtp.Server";

    private static readonly string[] Verbs = [.. Enum.GetValues<SmtpVerb>().Select(verb => verb == SmtpVerb.StartTls ? "STARTTLS" : verb.ToString().ToUpperInvariant())];

    // Tags are objects: boxed once, not for each command.
    private static readonly object[] Codes = [.. Enumerable.Range(0, 600).Select(code => (object)code)];

    private readonly UpDownCounter<long> _active;
    private readonly Counter<long> _sessions;
    private readonly Histogram<double> _duration;
    private readonly Counter<long> _commands;
    private readonly Counter<long> _rejections;
    private readonly Counter<long> _messages;
    private readonly Histogram<long> _size;
    private readonly Counter<long> _received;
    private readonly Counter<long> _sent;
    private readonly Counter<long> _handshakes;
    private readonly Counter<long> _authentications;

    internal SmtpServerMetrics()
    {
        _active = Meter.CreateUpDownCounter<long>("smtp.server.active_sessions", "{session}", "Sessions that are open");
        _sessions = Meter.CreateCounter<long>("smtp.server.sessions", "{session}", "Sessions that ended, by reason");
        _duration = Meter.CreateHistogram<double>("smtp.server.session.duration", "s", "How long sessions lasted");
        _commands = Meter.CreateCounter<long>("smtp.server.commands", "{command}", "Commands answered, by verb and reply code");
        _rejections = Meter.CreateCounter<long>("smtp.server.rejections", "{reply}", "Refusals, by verb and enhanced status");
        _messages = Meter.CreateCounter<long>("smtp.server.messages", "{message}", "Messages whose body was received, by outcome");
        _size = Meter.CreateHistogram<long>("smtp.server.message.size", "By", "Sizes of accepted messages");
        _received = Meter.CreateCounter<long>("smtp.server.io.received", "By", "Octets read, beneath TLS's framing");
        _sent = Meter.CreateCounter<long>("smtp.server.io.sent", "By", "Octets written, beneath TLS's framing");
        _handshakes = Meter.CreateCounter<long>("smtp.server.tls.handshakes", "{handshake}", "TLS handshakes, by version or failure");
        _authentications = Meter.CreateCounter<long>("smtp.server.authentications", "{exchange}", "AUTH exchanges that were decided, by mechanism and outcome");
    }

    /// <summary>The meter. Each server has one of its own, all of the same name.</summary>
    internal Meter Meter { get; } = new(MeterName);

    public void Dispose() => Meter.Dispose();

    internal void SessionStarted() => _active.Add(1);

    internal void SessionEnded(SmtpCloseReason reason, TimeSpan duration)
    {
        _active.Add(-1);
        if (_sessions.Enabled || _duration.Enabled)
        {
            var tag = new KeyValuePair<string, object?>("smtp.close_reason", reason.ToString());
            _sessions.Add(1, tag);
            _duration.Record(duration.TotalSeconds, tag);
        }
    }

    internal void Command(SmtpVerb verb, int code, ReadOnlySpan<byte> wire)
    {
        if (!_commands.Enabled && !_rejections.Enabled)
        {
            return;
        }

        string name = Verbs[(int)verb];
        _commands.Add(1, new("smtp.command", name), new("smtp.reply_code", Codes[code]));
        if (code >= 400 && _rejections.Enabled)
        {
            string status = wire.Length > 4 && EnhancedStatus.TryParse(FirstLine(wire[4..]), out EnhancedStatus parsed, out _)
                ? parsed.ToString()
                : code.ToString(CultureInfo.InvariantCulture);
            _rejections.Add(1, new("smtp.command", name), new("smtp.enhanced_status", status));
        }
    }

    internal void MessageEnded(bool accepted, long size)
    {
        _messages.Add(1, new KeyValuePair<string, object?>("smtp.outcome", accepted ? "accepted" : "refused"));
        if (accepted)
        {
            _size.Record(size);
        }
    }

    internal void Received(int octets) => _received.Add(octets);

    internal void Sent(int octets) => _sent.Add(octets);

    internal void Handshake(string? protocol) =>
        _handshakes.Add(1, protocol is null ? new KeyValuePair<string, object?>("error.type", "handshake") : new("tls.protocol.version", protocol));

    internal void Authentication(string mechanism, string outcome) =>
        _authentications.Add(1, new("smtp.auth.mechanism", mechanism), new("smtp.outcome", outcome));

    private static ReadOnlySpan<byte> FirstLine(ReadOnlySpan<byte> wire)
    {
        int end = wire.IndexOf((byte)'\r');
        return end < 0 ? wire : wire[..end];
    }
}
