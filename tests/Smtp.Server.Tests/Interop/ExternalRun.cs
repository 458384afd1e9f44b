using System.Diagnostics;
using Smtp.Interop;

namespace Smtp.Server.Tests;

/// <summary>Runs a real program to its end.</summary>
internal static class ExternalRun
{
    /// <summary>Runs a program and asserts that it succeeded.</summary>
    /// <param name="name">Its file name.</param>
    /// <param name="package">The Debian package that brings it.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="input">What it reads.</param>
    /// <returns>What it wrote.</returns>
    internal static async Task<string> SucceedAsync(string name, string package, IEnumerable<string> arguments, byte[]? input = null)
    {
        (int code, string said) = await EndAsync(name, package, arguments, input);
        Assert.True(code == 0, $"{name} ended with {code}:\n{said}");
        return said;
    }

    /// <summary>As <see cref="SucceedAsync"/>, but lets it fail.</summary>
    /// <returns>Its exit code and what it wrote.</returns>
    internal static async Task<(int Code, string Said)> EndAsync(string name, string package, IEnumerable<string> arguments, byte[]? input = null)
    {
        string path = ExternalProgram.Demand(name, package, Assert.Skip);

        // Another Python first in the path is not the one that the packages are for.
        path = name == "python3" && File.Exists("/usr/bin/python3") ? "/usr/bin/python3" : path;
        using Process process = Process.Start(new ProcessStartInfo(path, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        try
        {
            Task<string> output = process.StandardOutput.ReadToEndAsync();
            Task<string> error = process.StandardError.ReadToEndAsync();
            try
            {
                if (input is not null)
                {
                    await process.StandardInput.BaseStream.WriteAsync(input);
                }

                process.StandardInput.Close();
            }
            catch (IOException)
            {
                // It has ended without a look at its input; its code and its words say why.
            }

            string said = await output.Guarded() + await error.Guarded();
            await process.WaitForExitAsync(TestContext.Current.CancellationToken).Guarded();
            return (process.ExitCode, said);
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill();
            }
        }
    }
}
