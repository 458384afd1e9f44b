namespace Relay.Http;

/// <summary>Which sums a row is one of: those that a question asks for lie side by side. Stored as its number.</summary>
internal enum FigureKind
{
    /// <summary>All together.</summary>
    Total = 0,

    /// <summary>By sender domain.</summary>
    Sender = 1,

    /// <summary>By recipient domain.</summary>
    Recipient = 2,

    /// <summary>By sender and recipient domain.</summary>
    SenderAndRecipient = 3,

    /// <summary>By tag and sender domain. A message of two tags is in both.</summary>
    Tag = 4,

    /// <summary>By tag, recipient and sender domain.</summary>
    TagAndRecipient = 5,
}
