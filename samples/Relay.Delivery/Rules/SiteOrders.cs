namespace Relay.Delivery;

/// <summary>What rules have ordered for a site, each until its time. Not thread-safe.</summary>
internal sealed class SiteOrders(TimeProvider time)
{
    private (double Value, long Since, TimeSpan Time)? _factor;
    private (double Value, long Since, TimeSpan Time)? _perSecond;
    private (double Value, long Since, TimeSpan Time)? _connections;

    /// <summary>Takes an order. What is stricter stays, and holds at least as long: a rule that fits again and again orders once.</summary>
    internal void Take(RuleOrder order)
    {
        _factor = Strictest(_factor, order.Factor, order.FactorTime);
        _perSecond = Strictest(_perSecond, order.PerSecond, order.PerSecondTime);
        _connections = Strictest(_connections, order.Connections, order.ConnectionsTime);
    }

    /// <summary>What a site gets now.</summary>
    /// <param name="usual">What it gets without orders.</param>
    internal ShapingSettings Apply(ShapingSettings usual)
    {
        Expire(ref _factor);
        Expire(ref _perSecond);
        Expire(ref _connections);
        if (_factor is null && _perSecond is null && _connections is null)
        {
            return usual;
        }

        double factor = _factor?.Value ?? 1;
        int most = Math.Max(1, (int)(usual.MaximumConnections * factor));
        if (_connections is { } connections)
        {
            most = Math.Min(most, (int)connections.Value);
        }

        double? pace = usual.MessagesPerSecond * factor;
        if (_perSecond is { } ordered)
        {
            pace = Math.Min(pace ?? double.MaxValue, ordered.Value);
        }

        return usual with { MaximumConnections = most, InitialConnections = Math.Min(most, usual.InitialConnections), MessagesPerSecond = pace };
    }

    private (double Value, long Since, TimeSpan Time)? Strictest((double Value, long Since, TimeSpan Time)? held, double? ordered, TimeSpan span)
    {
        if (ordered is not { } value)
        {
            return held;
        }

        long now = time.GetTimestamp();
        if (held is not { } old || Left(old) == TimeSpan.Zero)
        {
            return (value, now, span);
        }

        TimeSpan left = Left(old);
        return (Math.Min(old.Value, value), now, left > span ? left : span);
    }

    private void Expire(ref (double Value, long Since, TimeSpan Time)? order)
    {
        if (order is { } held && Left(held) == TimeSpan.Zero)
        {
            order = null;
        }
    }

    private TimeSpan Left((double Value, long Since, TimeSpan Time) order)
    {
        TimeSpan left = order.Time - time.GetElapsedTime(order.Since);
        return left < TimeSpan.Zero ? TimeSpan.Zero : left;
    }
}
