namespace Smtp.Core;

/// <summary>What a body decoder or encoder stands at after a read.</summary>
public enum BodyStatus : byte
{
    /// <summary>All input is consumed and nothing is pending.</summary>
    NeedInput,

    /// <summary>A piece of the body; call again.</summary>
    Chunk,

    /// <summary>The end of the body was consumed; what follows in the input is not part of it.</summary>
    End,
}
