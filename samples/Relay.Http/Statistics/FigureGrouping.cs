namespace Relay.Http;

/// <summary>What figures are grouped by.</summary>
internal enum FigureGrouping
{
    /// <summary>Nothing: all together.</summary>
    None,

    /// <summary>Tags. A message of two tags is in both.</summary>
    Tag,

    /// <summary>Sender domains.</summary>
    SenderDomain,

    /// <summary>Recipient domains.</summary>
    RecipientDomain,
}
