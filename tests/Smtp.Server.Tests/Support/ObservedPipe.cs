using System.IO.Pipelines;

namespace Smtp.Server.Tests;

/// <summary>The server's end of a connection in memory, which tells what the server does with it.</summary>
internal sealed class ObservedPipe(PipeReader input, PipeWriter output) : IDuplexPipe
{
    private readonly ObservedReader _input = new(input);
    private readonly ObservedWriter _output = new(output);

    public PipeReader Input => _input;

    public PipeWriter Output => _output;

    /// <summary>The octets that the server took.</summary>
    internal long Taken => _input.Taken;

    /// <summary>How many writes the server made.</summary>
    internal int Writes => _output.Writes;

    /// <summary>Waits until the server has taken so many octets in all and waits for more.</summary>
    internal Task ServerWaitsAsync(long taken) => _input.WaitsAsync(taken).Guarded();

    /// <summary>Waits until the server waits for the client to take octets.</summary>
    internal Task ServerIsStuckAsync() => _output.IsStuckAsync().Guarded();
}
