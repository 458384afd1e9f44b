namespace Relay.Delivery;

/// <summary>
/// How many connections a site bears: found out by trying, as Postfix does. With a limit of N each success adds 1/N and each failure takes 1/N, so that N in
/// a row move it by one. Not thread-safe.
/// </summary>
internal sealed class AdaptiveLimit(int initial, int maximum)
{
    private double _limit = Math.Clamp(initial, 1, maximum);
    private int _maximum = maximum;

    /// <summary>The limit now, 1 to the maximum.</summary>
    internal int Value => (int)_limit;

    /// <summary>The most that it may become.</summary>
    internal int Maximum
    {
        get => _maximum;
        set
        {
            _maximum = Math.Max(1, value);
            _limit = Math.Min(_limit, _maximum);
        }
    }

    /// <summary>A message was taken.</summary>
    internal void OnSuccess() => _limit = Math.Min(_limit + (1 / _limit), _maximum);

    /// <summary>The site takes no more connections than it has.</summary>
    internal void Lower(int open) => _limit = Math.Clamp(open, 1, _limit);

    /// <summary>A delivery failed, or the site said that it is too much.</summary>
    internal void OnFailure() => _limit = Math.Max(_limit - (1 / _limit), 1);
}
