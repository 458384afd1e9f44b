namespace Smtp.Client;

/// <summary>What a <see cref="MaintenanceTimer"/> looks after.</summary>
internal interface IMaintained
{
    /// <summary>Upkeep; quick, and does not throw.</summary>
    void Maintain();
}
