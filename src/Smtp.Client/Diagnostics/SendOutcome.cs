namespace Smtp.Client;

/// <summary>How a send ended, in the words of metrics and activities.</summary>
internal static class SendOutcome
{
    /// <summary>The server took the message for every recipient.</summary>
    internal const string Accepted = "accepted";

    /// <summary>For some.</summary>
    internal const string Partial = "partial";

    /// <summary>For none: by its replies, or the client did not send what it could not have taken.</summary>
    internal const string Refused = "refused";

    /// <summary>The connection broke behind the end of data: nobody knows.</summary>
    internal const string Uncertain = "uncertain";

    /// <summary>No connection, or it broke; nothing was taken.</summary>
    internal const string Failed = "failed";

    /// <summary>The caller broke the send off.</summary>
    internal const string Cancelled = "cancelled";
}
