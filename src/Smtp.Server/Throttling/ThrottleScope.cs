namespace Smtp.Server;

/// <summary>Who has failed too often.</summary>
internal enum ThrottleScope : byte
{
    /// <summary>Nobody.</summary>
    None,

    /// <summary>The remote address.</summary>
    Address,

    /// <summary>The account.</summary>
    Account,
}
