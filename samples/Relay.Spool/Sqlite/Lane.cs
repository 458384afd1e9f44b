namespace Relay.Spool;

/// <summary>A queue of the timer index: the recipients of one destination, stream and class. Known to the writer only.</summary>
internal sealed class Lane(int id, string destination, string stream, int @class)
{
    /// <summary>Classes of one stream: three priorities, and for each retries and, before them, first attempts.</summary>
    internal const int Classes = 6;

    internal int Id { get; } = id;

    internal string Destination { get; } = destination;

    internal string Stream { get; } = stream;

    internal int Class { get; } = @class;

    /// <summary>How it ranks among what is due: bulk goes behind the rest of its class and of the one below.</summary>
    internal int Rank { get; } = Math.Max(0, @class - (stream == MessageFacts.BulkStream ? 2 : 0));

    /// <summary>When its first recipient is due, in milliseconds since 1970; <see cref="long.MaxValue"/> if it is empty.</summary>
    internal long NextAt { get; set; } = long.MaxValue;

    /// <summary>Whether it stands among those that are due.</summary>
    internal bool IsReady { get; set; }

    internal static int ClassOf(MessagePriority priority, bool isRetry) => ((int)priority * 2) + (isRetry ? 0 : 1);
}
