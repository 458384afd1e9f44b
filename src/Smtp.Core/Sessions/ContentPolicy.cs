namespace Smtp.Core;

/// <summary>What becomes of a message whose content breaks a rule that much software does not mind.</summary>
public enum ContentPolicy : byte
{
    /// <summary>It is passed on as it is.</summary>
    Accept,

    /// <summary>It is read to its end and refused with 550 5.6.0.</summary>
    Reject,
}
