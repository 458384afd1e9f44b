using Smtp.Client;

namespace Smtp.Hosting;

/// <summary>Finds the clients that AddSmtpClient put among the services, in the manner of IHttpClientFactory.</summary>
public interface ISmtpClientFactory
{
    /// <summary>The client of this name, always the same one: it is a pool of connections, is safe for all threads, and is not the caller's to dispose.</summary>
    /// <param name="name">The name in AddSmtpClient. Default empty: the client without one.</param>
    /// <exception cref="ArgumentException">There is none.</exception>
    SmtpClient GetClient(string name = "");
}
