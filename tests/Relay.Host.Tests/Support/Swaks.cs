using System.Diagnostics;
using System.Net;
using System.Text;
using Smtp.Interop;

namespace Relay.Host.Tests;

/// <summary>The real swaks.</summary>
internal static class Swaks
{
    /// <summary>Sends a message, and demands that it was taken.</summary>
    /// <param name="endPoint">Where to.</param>
    /// <param name="message">The message, in UTF-8. swaks puts a CRLF behind data that has none, and its own CRLF before the dot behind data that has.</param>
    /// <param name="options">The envelope, TLS, AUTH and so on.</param>
    internal static async Task SendAsync(IPEndPoint endPoint, string message, params string[] options)
    {
        string swaks = ExternalProgram.Demand("swaks", "swaks libnet-ssleay-perl libauthen-sasl-perl", Assert.Skip);
        using var folder = new TemporaryFolder();
        await File.WriteAllBytesAsync(folder["message.eml"], Encoding.UTF8.GetBytes(message), TestContext.Current.CancellationToken);
        using var process = Process.Start(new ProcessStartInfo(swaks, ["-s", endPoint.ToString(), "--data", "@" + folder["message.eml"], .. options])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        Task<string> errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(process.ExitCode == 0, $"swaks ended with {process.ExitCode}:\n{await output}\n{await errors}");
    }
}
