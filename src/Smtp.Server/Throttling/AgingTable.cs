namespace Smtp.Server;

/// <summary>
/// A number for each key, in bounded memory and at constant cost: what was written lately is kept, the oldest is forgotten. Two generations: when the younger
/// one is full, the elder one goes. Not thread-safe.
/// </summary>
/// <param name="capacity">How many keys are kept at most; at least half as many always are.</param>
internal sealed class AgingTable(int capacity)
{
    private readonly int _half = Math.Max(1, capacity / 2);
    private Dictionary<UInt128, long> _young = [];
    private Dictionary<UInt128, long> _old = [];

    /// <summary>How many entries there are; a key that is in both generations counts twice.</summary>
    internal int Count => _young.Count + _old.Count;

    internal bool TryGet(UInt128 key, out long value) => _young.TryGetValue(key, out value) || _old.TryGetValue(key, out value);

    internal void Set(UInt128 key, long value)
    {
        if (_young.Count >= _half && !_young.ContainsKey(key))
        {
            (_old, _young) = (_young, _old);
            _young.Clear();
        }

        _young[key] = value;
    }
}
