using System.Text;
using Smtp.Client;

namespace CaptureInTests;

/// <summary>The application under test: writes to new users.</summary>
internal sealed class WelcomeMailer(SmtpClient client)
{
    /// <summary>Sends the mail.</summary>
    /// <returns>Whether it is on its way; false where the server does not want it now, and it is to be tried again later.</returns>
    /// <exception cref="InvalidOperationException">There is no such address.</exception>
    internal async Task<bool> WelcomeAsync(string name, string address, CancellationToken cancellationToken)
    {
        byte[] content = Encoding.UTF8.GetBytes($"From: <welcome@example.com>\r\nTo: <{address}>\r\nSubject: Welcome, {name}\r\n\r\nGood to have you here.\r\n");
        try
        {
            SendResult result = await client.SendAsync(new SmtpMessage("welcome@example.com", [address], content), cancellationToken);
            return result.Recipients[0].Outcome switch
            {
                Smtp.Core.DeliveryOutcome.Accepted => true,
                Smtp.Core.DeliveryOutcome.PermanentFailure => throw new InvalidOperationException($"Nobody reads {address}: {result.Recipients[0].Reply}"),
                _ => false,
            };
        }
        catch (SmtpConnectionException)
        {
            return false;
        }
    }
}
