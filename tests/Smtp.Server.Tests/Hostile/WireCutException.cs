namespace Smtp.Server.Tests;

/// <summary>A <see cref="HostileStream"/> has sent all that it may.</summary>
internal sealed class WireCutException() : Exception("The wire is cut here.");
