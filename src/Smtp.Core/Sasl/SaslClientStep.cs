namespace Smtp.Core;

/// <summary>What a client mechanism wants after a challenge.</summary>
public enum SaslClientStep : byte
{
    /// <summary>Send the response that was written; an empty one is a response too.</summary>
    Respond,

    /// <summary>Cancel the exchange with <c>*</c>: the challenge is not one this mechanism can trust or understand.</summary>
    Cancel,
}
