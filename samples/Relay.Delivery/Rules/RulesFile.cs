using Microsoft.Extensions.Logging;

namespace Relay.Delivery;

/// <summary>The rules in force. A file that changes is read again within two seconds; one that is wrong then is told, and the rules so far stay.</summary>
internal sealed class RulesFile : IDisposable
{
    // Looked at rather than watched: a watch misses what is mounted or moved into place.
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly ILogger _logger;
    private readonly Lock _gate = new();
    private readonly ITimer _timer;
    private volatile IReadOnlyList<DeliveryRule> _rules = [];
    private string? _path;
    private (DateTime Time, long Length) _stamp;

    /// <summary>Reads a file.</summary>
    /// <param name="path">The file; null for no rules.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Where changes are told, and what is wrong with them.</param>
    /// <exception cref="DeliveryRulesException">The file cannot be read, or is wrong.</exception>
    internal RulesFile(string? path, TimeProvider time, ILogger logger)
    {
        _logger = logger;
        Replace(path);
        _timer = time.CreateTimer(static state => ((RulesFile)state!).Look(), this, Interval, Interval);
    }

    /// <summary>Takes another file.</summary>
    /// <exception cref="DeliveryRulesException">It cannot be read, or is wrong; the rules so far stay.</exception>
    internal void Replace(string? path)
    {
        lock (_gate)
        {
            (DateTime Time, long Length) stamp = Stamp(path);
            if (path == _path && stamp == _stamp)
            {
                return;
            }

            _rules = path is null ? [] : Read(path);
            (_path, _stamp) = (path, stamp);
        }
    }

    /// <summary>The first rule that is about something; null if none is.</summary>
    internal DeliveryRule? Find(in RuleSubject subject)
    {
        foreach (DeliveryRule rule in _rules)
        {
            if (rule.Matches(subject))
            {
                return rule;
            }
        }

        return null;
    }

    /// <summary>Reads a file.</summary>
    /// <exception cref="DeliveryRulesException">It cannot be read, or is wrong: the message names each line.</exception>
    internal static IReadOnlyList<DeliveryRule> Read(string path)
    {
        var errors = new List<string>();
        IReadOnlyList<DeliveryRule> rules;
        try
        {
            rules = RuleParser.Parse(File.ReadAllText(path), errors);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DeliveryRulesException([$"cannot be read: {error.Message}"], error);
        }

        return errors.Count > 0 ? throw new DeliveryRulesException(errors) : rules;
    }

    public void Dispose() => _timer.Dispose();

    private void Look()
    {
        lock (_gate)
        {
            (DateTime Time, long Length) stamp = Stamp(_path);
            if (_path is null || stamp == _stamp)
            {
                return;
            }

            // Told once; a file that is half written is looked at again when it is whole.
            _stamp = stamp;
            try
            {
                IReadOnlyList<DeliveryRule> rules = Read(_path);
                _rules = rules;
                DeliveryLog.RulesLoaded(_logger, rules.Count, _path);
            }
            catch (DeliveryRulesException error)
            {
                foreach (string problem in error.Problems)
                {
                    DeliveryLog.RulesNotLoaded(_logger, _path, problem);
                }
            }
        }
    }

    private static (DateTime Time, long Length) Stamp(string? path)
    {
        if (path is null)
        {
            return default;
        }

        var file = new FileInfo(path);
        return file.Exists ? (file.LastWriteTimeUtc, file.Length) : default;
    }
}
