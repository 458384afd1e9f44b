using BenchmarkDotNet.Running;

// dotnet run -c Release --project benchmarks/Smtp.Benchmarks -- --filter '*'
BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
