namespace Smtp.Server.Tests;

/// <summary>How a <see cref="HostileClient"/> ends.</summary>
internal enum HostileEnding
{
    /// <summary>With QUIT, or in silence if the wire was cut before it: then the server has to end it.</summary>
    Quit,

    /// <summary>By a reset.</summary>
    Reset,

    /// <summary>By closing both sides.</summary>
    Close,

    /// <summary>By closing its side and reading on.</summary>
    HalfClose,

    /// <summary>By sending for ever without reading a reply.</summary>
    Deaf,
}
