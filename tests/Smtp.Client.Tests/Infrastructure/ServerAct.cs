namespace Smtp.Client.Tests;

/// <summary>What a <see cref="LoopbackServer"/> does at a step.</summary>
internal enum ServerAct
{
    /// <summary>What a good server does.</summary>
    GoOn,

    /// <summary>Closes the connection.</summary>
    Close,

    /// <summary>Resets the connection.</summary>
    Reset,

    /// <summary>Says nothing more until the client goes.</summary>
    Stall,

    /// <summary>Says 421 and closes.</summary>
    Say421,

    /// <summary>Refuses for now.</summary>
    Say451,

    /// <summary>Refuses for good.</summary>
    Say550,
}
