namespace Smtp.Core;

/// <summary>What <see cref="ReplyReader.Read"/> found.</summary>
public enum ReplyReadStatus : byte
{
    /// <summary>No complete reply yet; read more and call again with the octets that were left.</summary>
    NeedInput,

    /// <summary>One reply, all its lines.</summary>
    Reply,

    /// <summary>The server broke the protocol; see <see cref="ReplyReader.Violation"/>. Every later call says the same.</summary>
    Violation,
}
