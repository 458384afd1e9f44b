using Relay.Host;

return await RelayProgram.RunAsync(args, Console.Out, Console.Error);
