namespace Smtp.Client.Tests;

/// <summary>Tests that count what the process allocates: nothing else runs meanwhile.</summary>
[CollectionDefinition(nameof(AloneCollection), DisableParallelization = true)]
public sealed class AloneCollection;
